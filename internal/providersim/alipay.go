package providersim

type alipayAccount struct{}
type businessError struct{}

var errAlipaySystem, errAlipayRate, errAlipayForbidden *businessError

func (s *Sim) routeAlipay() {}

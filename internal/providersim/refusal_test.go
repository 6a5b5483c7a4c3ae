package providersim

import "testing"

// Every refusal in the table has words at each company that it can strike.
func TestEveryRefusalHasWords(t *testing.T) {
	t.Parallel()
	words := map[Wallet]func(refusalKind) bool{
		WeChat:       func(k refusalKind) bool { return wechatRefusals[k] != nil },
		Alipay:       func(k refusalKind) bool { return alipayRefusals[k] != nil },
		UnionPay:     func(k refusalKind) bool { return unionPayRefusals[k] != unionPayError{} },
		MerchantLink: func(k refusalKind) bool { return merchantLinkRefusals[k] != nil },
	}
	for _, f := range faultTable {
		for wallet, has := range words {
			if f.refuse != "" && f.Concerns(wallet) && !has(f.refuse) {
				t.Errorf("%s has no words for %q of the fault %s", wallet, f.refuse, f.Name)
			}
		}
	}
}

package program

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/merchant/folder"
)

// loaded is what a server knows of its merchants by their folders.
type loaded struct {
	merchants []folder.Merchant
	registry  *folder.Registry
	accounts  *account.Registry
}

// load reads the merchants and opens their accounts. All that is wrong is told at
// once. metrics may be nil.
func (c *Config) load(metrics prometheus.Registerer) (loaded, error) {
	merchants, broken := c.Merchants(c.BaseURL, c.RealMoney())
	registry, shared := folder.NewRegistry(merchants, c.RealMoney())
	accounts, closed := OpenAccounts(*c, merchants, metrics)
	return loaded{merchants, registry, accounts}, errors.Join(broken, shared, closed)
}

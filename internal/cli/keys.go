package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/store/sqlstore"
)

type keys struct {
	List listKeys `cmd:"" default:"withargs" help:"List the merchants' API keys, what each is for and when it was used last; never the key."`
}

type listKeys struct {
	database  `embed:""`
	Merchants string `default:"merchants" type:"path" help:"Folder of the merchants, with their keys' hashes."`
	Merchant  string `help:"Only this merchant's."`
}

// listedKey is a key with its merchant and last use.
type listedKey struct {
	merchant string
	folder.APIKey
	usedAt time.Time
}

func (c *listKeys) Run(ctx context.Context) error {
	sources, err := folder.LoadAnyMode(os.DirFS(c.Merchants))
	if err != nil {
		return err
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		var all []listedKey
		for _, m := range sources {
			if c.Merchant != "" && c.Merchant != m.ID {
				continue
			}
			uses, err := db.KeyUses.KeyUses(ctx, m.ID)
			if err != nil {
				return err
			}
			for _, k := range m.Settings.APIKeys {
				all = append(all, listedKey{m.ID, k, lastUse(uses, k)})
			}
		}
		return printTable("MERCHANT\tKEY\tSCOPES\tFINGERPRINT\tLAST USED", all, func(k listedKey) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", k.merchant, k.ID, scopesOf(k.APIKey), k.Fingerprint(), stamp(k.usedAt))
		})
	})
}

// lastUse returns when a key was used last; zero for never.
func lastUse(uses []merchant.KeyUse, k folder.APIKey) time.Time {
	for _, u := range uses {
		if u.Key == k.Fingerprint() {
			return u.At
		}
	}
	return time.Time{}
}

// scopesOf names what a key is for.
func scopesOf(k folder.APIKey) string {
	var names []string
	for _, s := range folder.Scopes {
		if k.Allows(s) {
			names = append(names, string(s))
		}
	}
	return strings.Join(names, ",")
}

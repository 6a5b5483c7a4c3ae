package cli

import (
	"errors"
	"fmt"
	"os"

	"morepay/internal/capability"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
)

// settled says where the accounts are that documents must fit.
type settled struct {
	Merchants string `type:"path" help:"Folder of the merchants' settings and accounts, which the documents must fit; by default the documents' own folder."`
}

// check refuses documents that grant what the accounts of a folder can't take. Of
// merchants whose settings are not there it says that nothing was compared. "" is
// no folder.
func (settled) check(dir string, docs ...*capability.Document) error {
	var merchants []folder.Merchant
	if dir != "" {
		var err error
		if merchants, err = folder.LoadAnyMode(os.DirFS(dir)); err != nil {
			return err
		}
	}
	known := map[string]bool{}
	for _, m := range merchants {
		known[m.ID] = m.Settings.Mode != ""
	}
	accounts, err := program.OpenAccounts(program.Config{Log: program.DefaultLog()}, merchants, nil)
	if err != nil {
		return err
	}
	var problems []error
	for _, d := range docs {
		if !known[d.Merchant] {
			fmt.Printf("%s: its settings are not there: the document was not compared with its accounts (--merchants)\n", d.Merchant)
		}
		if err := folder.CheckRails(d, accounts); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", d.Merchant, err))
		}
	}
	return errors.Join(problems...)
}

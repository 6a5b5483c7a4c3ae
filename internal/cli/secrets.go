package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/secret"
	"morepay/internal/store/sqlstore"
)

type secrets struct {
	List   listSecrets   `cmd:"" help:"List the fingerprints of the secrets that servers have been started with."`
	Retire retireSecrets `cmd:"" help:"Forget all secrets but those given: no server can start with another one any more."`
}

type listSecrets struct {
	database `embed:""`
}

func (c *listSecrets) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		known, err := db.Fingerprints.Known(ctx)
		if err != nil {
			return err
		}
		return printTable("FINGERPRINT\tADDED\tLAST START", known, func(k secret.Known) string {
			return fmt.Sprintf("%s\t%s\t%s", k.Fingerprint, stamp(k.AddedAt), stamp(k.UsedAt))
		})
	})
}

type retireSecrets struct {
	database `embed:""`
	Secret   string `help:"The secret to keep, in base64, if it is not in --data."`
	Lost     bool   `help:"Although the database does not know it: all others are lost, and with them links, replies and webhook secrets that they sealed."`
}

// Validate is called by kong before Run.
func (c *retireSecrets) Validate() error {
	return errors.Join(c.database.Validate(), CheckSecret(c.Secret, c.Database, c.Data))
}

func (c *retireSecrets) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		from := secret.Source{List: c.Secret, Folder: c.Data, Shared: c.Database != ""}
		forgotten, err := secret.Retire(ctx, from, db.Fingerprints, c.Lost, time.Now())
		if err != nil {
			return err
		}
		for _, k := range forgotten {
			fmt.Printf("%s is forgotten\n", k.Fingerprint)
		}
		return nil
	})
}

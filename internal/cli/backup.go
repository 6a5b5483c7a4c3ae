package cli

import (
	"context"
	"fmt"

	"morepay/internal/store"
)

// backup is for SQLite: PostgreSQL has its own ways.
type backup struct {
	Data string `default:"data" type:"existingdir" help:"Folder of the server's SQLite database."`
	File string `arg:"" type:"path" help:"File to make; it must not be there yet."`
}

func (b *backup) Run(ctx context.Context) error {
	if err := store.Backup(ctx, b.Data, b.File); err != nil {
		return err
	}
	fmt.Printf("%s holds the database as it was a moment ago. The server's secret, %s/secret or --secret, is not in it: keep that too.\n", b.File, b.Data)
	return nil
}

// copyAll moves from SQLite to PostgreSQL.
type copyAll struct {
	From string `required:"" type:"existingdir" help:"Folder of the SQLite database; no server may use it."`
	To   string `required:"" help:"postgres://… of a database that no server has used, without a pooler between."`
}

// Validate is called by kong before the command runs.
func (c *copyAll) Validate() error { return CheckDatabase("to", c.To) }

func (c *copyAll) Run(ctx context.Context) error {
	copied, err := store.Copy(ctx, c.From, c.To)
	if err != nil {
		return err
	}
	fmt.Printf("%-20s %10s  %s\n", "TABLE", "ROWS", "CHECKSUM")
	for _, t := range copied {
		fmt.Printf("%-20s %10d  %s\n", t.Table, t.Rows, t.Sum)
	}
	fmt.Printf("start servers with --database and the secret of %s/secret: base64 -w0 < %s/secret\n", c.From, c.From)
	return nil
}

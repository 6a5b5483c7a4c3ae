package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
)

type merchants struct {
	Apply    applyMerchants    `cmd:"" help:"Store the documents of a folder: all or none. Running servers follow within a second."`
	Check    checkMerchants    `cmd:"" help:"Check the documents, settings and accounts of a folder and say everything that is wrong."`
	List     listMerchants     `cmd:"" help:"List the stored merchants."`
	Show     showMerchant      `cmd:"" help:"Print a merchant's document, or list its versions."`
	Export   exportMerchants   `cmd:"" help:"Write the stored documents into a folder."`
	Rollback rollbackMerchants `cmd:"" help:"Store an earlier version again, as a new one."`
}

type applyMerchants struct {
	database `embed:""`
	Dir      string `arg:"" type:"existingdir" help:"Folder with one folder a merchant."`
	settled  `embed:""`
	DryRun   bool   `help:"Only show what would change."`
	Author   string `default:"command line" help:"Who is named in the history."`
}

func (c *applyMerchants) Run(ctx context.Context) error {
	loaded, err := folder.LoadDocuments(os.DirFS(c.Dir))
	if err != nil {
		return err
	}
	docs := folder.Documents(loaded)
	if err := c.check(cmp.Or(c.Merchants, c.Dir), docs...); err != nil {
		return err
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		for _, doc := range docs {
			if err := showDiff(ctx, db, doc); err != nil {
				return err
			}
		}
		if c.DryRun {
			fmt.Println("nothing was stored (--dry-run)")
			return nil
		}
		changed, err := merchant.Apply(ctx, db.Documents, docs, c.Author, time.Now())
		if err != nil {
			return err
		}
		for _, r := range changed {
			fmt.Printf("%s: stored as version %d\n", r.Merchant, r.Version)
		}
		fmt.Printf("%d of %d merchants changed\n", len(changed), len(docs))
		return nil
	})
}

func showDiff(ctx context.Context, db *sqlstore.DB, doc *capability.Document) error {
	old, err := db.Documents.Get(ctx, doc.Merchant)
	if err != nil && pay.CodeOf(err) != pay.CodeNotFound {
		return err
	}
	var before *capability.Document
	if old.Version > 0 {
		if before, err = document.DecodeStored(old.JSON); err != nil {
			return err
		}
	}
	lines := merchant.Diff(before, doc)
	if len(lines) == 0 {
		return nil
	}
	fmt.Printf("%s (version %d)\n", doc.Merchant, old.Version)
	for _, line := range lines {
		fmt.Println("  " + line)
	}
	return nil
}

type checkMerchants struct {
	database `embed:""`
	Dir      string `arg:"" type:"existingdir" help:"Folder with one folder a merchant."`
	SimURL   string `help:"Origin of a simulator, in test mode."`
	Strict   bool   `help:"Fail for warnings too."`
}

// Validate is called by kong.
func (c *checkMerchants) Validate() error {
	return errors.Join(c.database.Validate(), CheckOrigin("sim-url", c.SimURL))
}

// Run checks all that a server looks at in the folder when it starts, and the stored
// documents if there is a database.
func (c *checkMerchants) Run(ctx context.Context) error {
	config := program.Config{Merchants: program.Folder(c.Dir), SimURL: c.SimURL, Data: c.Data, Database: c.Database}
	report := config.CheckMerchants()
	report.Add(config.CheckStored(ctx))
	return Tell(os.Stdout, report, c.Strict)
}

// page is the number of documents that are read at once.
const page = 500

// eachStored calls f for every merchant's newest document, without its JSON.
func eachStored(ctx context.Context, db *sqlstore.DB, f func(merchant.Revision) error) error {
	after := ""
	for {
		list, err := db.Documents.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := f(r); err != nil {
				return err
			}
			after = r.Merchant
		}
		if len(list) < page {
			return nil
		}
	}
}

type listMerchants struct {
	database `embed:""`
}

func (c *listMerchants) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		var all []merchant.Revision
		err := eachStored(ctx, db, func(r merchant.Revision) error {
			all = append(all, r)
			return nil
		})
		if err != nil {
			return err
		}
		return printTable("MERCHANT\tVERSION\tSTORED\tBY", all, func(r merchant.Revision) string {
			return fmt.Sprintf("%s\t%d\t%s\t%s", r.Merchant, r.Version, stamp(r.At), r.Author)
		})
	})
}

type showMerchant struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	Version  int64  `help:"An earlier version."`
	History  bool   `help:"List the versions instead."`
}

// versions bounds a history.
const versions = 1000

func (c *showMerchant) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		if c.History {
			return printHistory(ctx, db, c.Merchant)
		}
		r, err := find(ctx, db, c.Merchant, c.Version)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(merchant.Indent(r.JSON))
		return err
	})
}

func printHistory(ctx context.Context, db *sqlstore.DB, id string) error {
	list, err := db.Documents.History(ctx, id, versions)
	if err != nil {
		return err
	}
	for _, r := range list {
		fmt.Printf("%d\t%s\t%s\n", r.Version, stamp(r.At), r.Author)
	}
	return nil
}

// find reads one version of a document, the newest if version is 0.
func find(ctx context.Context, db *sqlstore.DB, id string, version int64) (merchant.Revision, error) {
	if version == 0 {
		return db.Documents.Get(ctx, id)
	}
	return db.Documents.Version(ctx, id, version)
}

type exportMerchants struct {
	database `embed:""`
	Dir      string `arg:"" type:"path" help:"Folder to write to; it is made if it isn't there."`
}

func (c *exportMerchants) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		return eachStored(ctx, db, func(r merchant.Revision) error {
			full, err := db.Documents.Get(ctx, r.Merchant)
			if err != nil {
				return err
			}
			dir := filepath.Join(c.Dir, r.Merchant)
			return errors.Join(os.MkdirAll(dir, 0o755),
				os.WriteFile(filepath.Join(dir, folder.DocumentFile), merchant.Indent(full.JSON), 0o644))
		})
	})
}

type rollbackMerchants struct {
	database `embed:""`
	settled  `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	Version  int64  `arg:"" help:"The version to store again."`
	Author   string `default:"command line" help:"Who is named in the history."`
}

func (c *rollbackMerchants) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		stored, err := merchant.Rollback(ctx, db.Documents, merchant.Proposal{
			Merchant: c.Merchant, Author: c.Author, Check: func(d *capability.Document) error { return c.check(c.Merchants, d) },
		}, c.Version, time.Now())
		if err != nil {
			return err
		}
		fmt.Printf("%s: version %d is stored again as version %d\n", c.Merchant, c.Version, stored.Version)
		return nil
	})
}

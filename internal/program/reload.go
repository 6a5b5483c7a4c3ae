package program

import (
	"context"
	"errors"
	"fmt"
	"os"

	"morepay/internal/account"
	"morepay/internal/capability/document"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

// Reload takes up what the merchants' folders, and the files of the certificate, say now, on
// this server: all or nothing. What a start would refuse is refused, and so is the loss of an account
// that money under way needs; the server then goes on with what it had. Requests
// under way end with what they began with.
func (p *Program) Reload(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // who asks and goes must not leave half of it done
	p.reloading.Lock()
	defer p.reloading.Unlock()
	next, err := p.load(nil)
	if err == nil {
		err = p.desk.CheckReplacement(ctx, next.accounts)
	}
	renew, unread := p.renewed()
	err = errors.Join(err, unread)
	if err == nil {
		err = p.takeUp(ctx, next, "reload")
	}
	if err != nil {
		p.Log.ErrorContext(ctx, "nothing was reloaded: the server goes on with what it had", "err", err)
		return refusal(err)
	}
	renew()
	p.Accounts.Replace(next.accounts)
	p.merchants.Replace(next.registry)
	p.Log.InfoContext(ctx, "reloaded", "merchants", len(next.merchants))
	return nil
}

// ReloadOn has the program reload whenever a signal comes. It is for before Run.
func (p *Program) ReloadOn(signals <-chan os.Signal) {
	p.Go(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				_ = p.Reload(ctx) // it is logged
			}
		}
	})
}

// refusal is the error of a reload with all that is wrong in its message.
func refusal(err error) error {
	if pay.CodeOf(err) == pay.CodeStoreDown {
		return err
	}
	return pay.Errorf(pay.CodeInvalid, "", "nothing was reloaded: %s", err)
}

// takeUp stores what the merchants' files bring: documents that the store has never
// seen, all or none, and where merchants are told. A reload fails, and nothing is
// stored, if a document in force does not fit the accounts; a start logs it, because
// the files alone can't put it right.
func (p *Program) takeUp(ctx context.Context, next loaded, author string) error {
	unseen, inForce, err := merchant.Unseen(ctx, p.Stores.Documents, folder.Documents(next.merchants))
	if err != nil {
		return err
	}
	if err := checkInForce(inForce, next.accounts); err != nil {
		if author != startAuthor {
			return err
		}
		p.Log.ErrorContext(ctx, "a document in force does not fit the merchant's accounts", "err", err)
	}
	for _, r := range inForce {
		p.Log.WarnContext(ctx, "a later document than the folder's is in force: morepay merchants apply stores the folder's", "merchant", r.Merchant, "version", r.Version)
	}
	if _, err := merchant.Apply(ctx, p.Stores.Documents, unseen, author, p.Now()); err != nil {
		return err
	}
	for _, m := range next.merchants {
		if err := p.webhooks.Learn(ctx, m.ID, m.Webhooks); err != nil {
			return err
		}
	}
	return nil
}

// startAuthor is the author of documents that a start stores.
const startAuthor = "start"

// checkInForce fails if a stored document grants what the accounts can't take.
func checkInForce(inForce []merchant.Revision, accounts *account.Registry) error {
	var problems []error
	for _, r := range inForce {
		doc, err := document.DecodeStored(r.JSON)
		if err == nil {
			err = folder.CheckRails(doc, accounts)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s, stored as version %d: %w", r.Merchant, r.Version, err))
		}
	}
	return errors.Join(problems...)
}

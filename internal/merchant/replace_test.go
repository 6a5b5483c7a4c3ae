package merchant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	edited := strings.Replace(capabilities, `"visible": 2`, `"visible": 3`, 1)
	one, two := int64(1), int64(2)
	for name, c := range map[string]struct {
		json   string
		expect *int64
		check  error
		code   pay.Code // "" if it is stored
		field  string
	}{
		"whatever-is-there": {edited, nil, nil, "", ""},
		"as-expected":       {edited, &one, nil, "", ""},
		"overtaken":         {edited, &two, nil, pay.CodePrecondition, "shop"},
		"another-merchant":  {strings.Replace(edited, `"shop"`, `"other"`, 1), &one, nil, pay.CodeInvalid, "merchant"},
		"check-fails":       {edited, &one, pay.Errorf(pay.CodeInvalid, "methods[0].icon", "is missing"), pay.CodeInvalid, "methods[0].icon"},
	} {
		t.Run(name, func(t *testing.T) {
			_, documents := open(t)
			r, err := merchant.Replace(t.Context(), documents, merchant.Proposal{
				Merchant: "shop", JSON: []byte(c.json), Expect: c.expect, Author: "ann",
				Check: func(*capability.Document) error { return c.check },
			}, time.Now())
			inForce, getErr := documents.Get(t.Context(), "shop")
			if getErr != nil {
				t.Fatal(getErr)
			}
			if c.code == "" {
				if err != nil || r.Version != 2 || r.Author != "ann" || inForce.Version != 2 {
					t.Errorf("stored %+v, %v", r, err)
				}
				return
			}
			if e, ok := err.(*pay.Error); !ok || e.Code != c.code || e.Field != c.field || inForce.Version != 1 {
				t.Errorf("error %v, want %s about %q; version %d is in force", err, c.code, c.field, inForce.Version)
			}
		})
	}
}

func TestReplaceByWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	_, documents := open(t)
	_, err := merchant.Replace(t.Context(), documents, merchant.Proposal{Merchant: "shop", JSON: []byte(`{"schema": 1}`)}, time.Now())
	if _, ok := errors.AsType[strictjson.Problems](err); !ok {
		t.Errorf("error is %v", err)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	_, documents := open(t)
	edited := docs(t, strings.Replace(capabilities, `"visible": 2`, `"visible": 3`, 1))
	if _, err := merchant.Apply(t.Context(), documents, edited, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := merchant.Rollback(t.Context(), documents, merchant.Proposal{Merchant: "shop", Author: "ann"}, 1, time.Now())
	if err != nil || r.Version != 3 {
		t.Fatalf("stored %+v, %v", r, err)
	}
	first, err := documents.Version(t.Context(), "shop", 1)
	if err != nil || string(first.JSON) != string(r.JSON) {
		t.Errorf("version 3 is %s, %v", r.JSON, err)
	}
	expect := int64(2)
	if _, err := merchant.Rollback(t.Context(), documents, merchant.Proposal{Merchant: "shop", Author: "ann", Expect: &expect}, 2, time.Now()); pay.CodeOf(err) != pay.CodePrecondition {
		t.Errorf("on top of another version: %v", err)
	}
	if _, err := merchant.Rollback(t.Context(), documents, merchant.Proposal{Merchant: "shop", Author: "ann"}, 9, time.Now()); pay.CodeOf(err) != pay.CodeNotFound {
		t.Errorf("a version that there is not: %v", err)
	}
	broken := []merchant.Change{{Merchant: "shop", JSON: []byte(`{}`)}}
	if _, err := documents.Put(t.Context(), broken, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := merchant.Rollback(t.Context(), documents, merchant.Proposal{Merchant: "shop", Author: "ann"}, 4, time.Now()); err == nil || !strings.Contains(err.Error(), "version 4") {
		t.Errorf("a version that can't be used any more: %v", err)
	}
}

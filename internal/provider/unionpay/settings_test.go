package unionpay_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	if p.Account() != merID || p.App(pay.RailQR) != "" || !slices.Equal(p.Rails(), []pay.Rail{pay.RailRedirect, pay.RailQR}) {
		t.Errorf("account %q, app %q, rails %v", p.Account(), p.App(pay.RailQR), p.Rails())
	}
	if methods := p.(provider.MethodTaker).Methods(); !slices.Equal(methods, []pay.Method{"unionpay"}) {
		t.Errorf("it takes %v", methods)
	}
	if targets := p.(provider.FormTargeter).FormTargets(); !slices.Contains(targets, "https://gateway.95516.com") || slices.Contains(targets, "") {
		t.Errorf("targets %v", targets)
	}
	atTest := open(t, providertest.Nowhere, map[string]any{"environment": "test"})
	if targets := atTest.(provider.FormTargeter).FormTargets(); !slices.Contains(targets, "https://gateway.test.95516.com") || slices.Contains(targets, "https://gateway.95516.com") {
		t.Errorf("targets of the test environment %v", targets)
	}
	if p.Fingerprint() == atTest.Fingerprint() || p.Fingerprint() != open(t, providertest.Nowhere, map[string]any{"term_id": "01080209"}).Fingerprint() {
		t.Error("the fingerprint tells other accounts apart than it should")
	}
	if methods := open(t, providertest.Nowhere, map[string]any{"methods": nil}).(provider.MethodTaker).Methods(); len(methods) != 0 {
		t.Errorf("without being told to, it takes %v", methods)
	}
}

// What can't be right is refused at start, naming the setting and the file.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	c := chains()
	over := issue("041@Z000@SHOP@1", providertest.MerchantKey(), &c.middle, func(t *x509.Certificate) { t.NotAfter = providertest.Now.AddDate(0, 0, -1) })
	stranger := issue("041@Z000@OTHER@1", providertest.ProviderKey(), &c.middle, nil)
	otherRoot := issue("root", providertest.MerchantKey(), nil, authority)
	overMiddle := issue("middle", providertest.ProviderKey(), &c.root, func(t *x509.Certificate) { authority(t); t.NotAfter = providertest.Now.AddDate(0, 0, -1) })
	for name, r := range map[string]struct {
		change map[string]any
		file   []byte // in place of that of the setting
		field  string
		says   string
	}{
		"no-number":         {map[string]any{"mer_id": nil}, nil, "mer_id", "15"},
		"short-number":      {map[string]any{"mer_id": "7772900"}, nil, "mer_id", "15"},
		"unknown":           {map[string]any{"merid": merID}, nil, "merid", ""},
		"environment":       {map[string]any{"environment": "sandbox"}, nil, "environment", "live or test"},
		"acquirer":          {map[string]any{"acq_ins_code": "x"}, nil, "acq_ins_code", "8 to 11"},
		"terminal":          {map[string]any{"term_id": "1"}, nil, "term_id", "8"},
		"other-method":      {map[string]any{"methods": []string{"alipay"}}, nil, "methods", "unionpay"},
		"twice":             {map[string]any{"methods": []string{"unionpay", "unionpay"}}, nil, "methods", "unionpay"},
		"no-key":            {map[string]any{"private_key": nil}, nil, "private_key", "missing"},
		"no-file":           {map[string]any{"certificate": "gone.cer"}, nil, "certificate", "can't be read"},
		"not-a-certificate": {nil, []byte("canary"), "certificate", "PEM"},
		"of-another-key":    {nil, stranger.pem(), "certificate", "file.cer"},
		"over":              {nil, over.pem(), "certificate", "ended on"},
		"authority-as-leaf": {nil, c.middle.pem(), "certificate", "authority"},
		"leaf-as-root":      {nil, c.own.pem(), "root_certificate", "issued"},
		"other-root":        {nil, otherRoot.pem(), "middle_certificate", "root_certificate"},
		"middle-over":       {nil, overMiddle.pem(), "middle_certificate", "ended on"},
		"root-as-middle":    {nil, c.root.pem(), "middle_certificate", "swap"},
		"two-in-one":        {nil, append(c.root.pem(), c.middle.pem()...), "root_certificate", "2 certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := files()
			change := map[string]any{}
			for k, v := range r.change {
				change[k] = v
			}
			if r.file != nil {
				f["file.cer"] = r.file
				field := r.field
				if name == "other-root" {
					field = "root_certificate"
				}
				change[field] = "file.cer"
			}
			_, err := unionpay.Open([]byte(providertest.JSON(t, providertest.With(goodSettings(), change))), providertest.Env(providertest.Nowhere, f))
			problem, ok := errors.AsType[*pay.Error](err)
			if !ok || problem.Field != r.field && name != "leaf-as-root" || !strings.Contains(err.Error(), r.says) {
				t.Fatalf("got %v, want %s in the field %s", err, r.says, r.field)
			}
			providertest.Clean(t, err)
		})
	}
}

// Keys are those that a message does not bring along: the merchant's and the pinned ones.
func TestKeys(t *testing.T) {
	t.Parallel()
	c := chains()
	want := []provider.Key{
		{ID: "349367738109", Use: provider.KeyOurs, Begins: c.own.NotBefore, Ends: c.own.NotAfter},
		{ID: "349367738109", Use: provider.KeyMiddle, Begins: c.middle.NotBefore, Ends: c.middle.NotAfter},
		{ID: "349367738109", Use: provider.KeyRoot, Begins: c.root.NotBefore, Ends: c.root.NotAfter},
	}
	if got := open(t, providertest.Nowhere, nil).(provider.KeyHolder).Keys(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

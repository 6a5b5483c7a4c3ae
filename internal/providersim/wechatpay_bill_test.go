package providersim_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"

	"morepay/internal/providersim"
)

func TestBill(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("bill-1"))
	fx.merchant.next(t)
	if _, err := fx.refund("bill-1", "R1", 80); err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(time.FixedZone("CST", 8*3600))
	path := "/v3/bill/tradebill?bill_date=" + today.Format(time.DateOnly)
	if a := fx.send(newCall("GET", path, "")); a.Code != "STATEMENT_CREATING" {
		t.Errorf("on the same day: %d %s", a.status, a.Code)
	}
	fx.sim.Advance(35 * time.Hour)
	for kind, rows := range map[string]int{"": 2, "ALL": 2, "SUCCESS": 1, "REFUND": 1} {
		a := fx.send(newCall("GET", path+"&bill_type="+kind, ""))
		if a.status != 200 {
			t.Fatalf("%s: %s", kind, a.body)
		}
		var link struct {
			URL  string `json:"download_url"`
			Hash string `json:"hash_value"`
		}
		if err := json.Unmarshal([]byte(a.body), &link); err != nil {
			t.Fatal(err)
		}
		file := fx.send(newCall("GET", strings.TrimPrefix(link.URL, fx.server.URL), ""))
		lines := strings.Split(strings.TrimSpace(file.body), "\r\n")
		if len(lines) != rows+3 || file.header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%q: %d lines\n%s", kind, len(lines), file.body)
		}
		if !strings.HasPrefix(lines[len(lines)-1], "`"+strconv.Itoa(rows)+",`") {
			t.Errorf("the sum is %s", lines[len(lines)-1])
		}
	}
	for query, code := range map[string]string{
		"bill_date=2026-13-01":                              "PARAM_ERROR",
		"bill_date=2020-01-01":                              "NO_STATEMENT_EXIST",
		path[len("/v3/bill/tradebill?"):] + "&bill_type=X":  "PARAM_ERROR",
		path[len("/v3/bill/tradebill?"):] + "&tar_type=ZIP": "PARAM_ERROR",
	} {
		if a := fx.send(newCall("GET", "/v3/bill/tradebill?"+query, "")); a.Code != code {
			t.Errorf("%s: %d %s", query, a.status, a.Code)
		}
	}
}

// TestBillBySDK: the SDK verifies the announcement; the file, which is not signed,
// is had by a client that verifies nothing, and compared by its hash.
func TestBillBySDK(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("bill-sdk-1"))
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	fx.sim.Advance(35 * time.Hour)
	const host = "https://api.mch.weixin.qq.com"
	result, err := fx.client().Get(t.Context(), host+"/v3/bill/tradebill?bill_type=ALL&bill_date="+day)
	if err != nil {
		t.Fatal(err)
	}
	var link struct {
		HashType string `json:"hash_type"`
		Hash     string `json:"hash_value"`
		URL      string `json:"download_url"`
	}
	if err := core.UnMarshalResponse(result.Response, &link); err != nil {
		t.Fatal(err)
	}
	if _, err := fx.client().Get(t.Context(), link.URL); err == nil {
		t.Error("the file is signed")
	}
	c, err := core.NewClient(t.Context(), option.WithMerchantCredential(mchID, serial, merchantKey()), option.WithHTTPClient(fx.http), option.WithoutValidator())
	if err != nil {
		t.Fatal(err)
	}
	result, err = c.Get(t.Context(), link.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Response.Body.Close()
	file, err := io.ReadAll(result.Response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha1.Sum(file); link.HashType != "SHA1" || link.Hash != hex.EncodeToString(sum[:]) || !bytes.Contains(file, []byte("`bill-sdk-1")) {
		t.Errorf("%s %s of\n%s", link.HashType, link.Hash, file)
	}
}

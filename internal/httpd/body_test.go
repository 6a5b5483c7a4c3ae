package httpd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

func TestReadJSON(t *testing.T) {
	t.Parallel()
	type body struct {
		Name   string    `json:"name"`
		Amount pay.Money `json:"amount"`
	}
	for _, c := range []struct {
		name, contentType, body string
		code                    pay.Code
		field                   string
	}{
		{"good", "application/json", `{"name":"a","amount":{"value":1}}`, "", ""},
		{"good-with-charset", "application/json; charset=utf-8", `{}`, "", ""},
		{"no-type", "", `{}`, pay.CodeInvalid, "Content-Type"},
		{"form", "application/x-www-form-urlencoded", `a=b`, pay.CodeInvalid, "Content-Type"},
		{"unknown-field", "application/json", `{"nme":"a"}`, pay.CodeInvalid, "nme"},
		{"wrong-type", "application/json", `{"name":1}`, pay.CodeInvalid, "name"},
		{"fraction", "application/json", `{"amount":{"value":1.5}}`, pay.CodeInvalid, "amount.value"},
		{"text-amount", "application/json", `{"amount":{"value":"1"}}`, pay.CodeInvalid, "amount.value"},
		{"huge-amount", "application/json", `{"amount":{"value":99999999999999999999}}`, pay.CodeInvalid, "amount.value"},
		{"amount-with-exponent", "application/json", `{"amount":{"value":1e2}}`, pay.CodeInvalid, "amount.value"},
		{"null-for-whole-number", "application/json", `{"amount":{"value":null}}`, pay.CodeInvalid, "amount.value"},
		{"field-twice", "application/json", `{"name":"a","name":"a"}`, pay.CodeInvalid, "name"},
		{"other-case", "application/json", `{"amount":{"VALUE":1}}`, pay.CodeInvalid, "amount.VALUE"},
		{"lone-surrogate", "application/json", `{"name":"\ud83d"}`, pay.CodeInvalid, "name"},
		{"invalid-utf-8", "application/json", "{\"name\":\"\xff\"}", pay.CodeInvalid, "name"},
		{"several", "application/json", `{"name":1,"nme":"a"}`, pay.CodeInvalid, "name"},
		{"two-values", "application/json", `{}{}`, pay.CodeInvalid, ""},
		{"not-json", "application/json", `{`, pay.CodeInvalid, ""},
		{"too-long", "application/json", `{"name":"` + strings.Repeat("a", 200) + `"}`, pay.CodeBodyTooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			var into body
			_, err := readJSON(httptest.NewRecorder(), r, 100, &into)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := errors.AsType[*pay.Error](err)
			if !ok || e.Code != c.code || e.Field != c.field {
				t.Errorf("error is %v, want %s (%s)", err, c.code, c.field)
			}
		})
	}
}

// TestFormFieldsStandOnce: whichever of two values one reader took, another could
// take the other.
func TestFormFieldsStandOnce(t *testing.T) {
	t.Parallel()
	const form, jsonForm = "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct{ name, contentType, body, field string }{
		{"form", form, "method=wechat_pay&rail=qr", ""},
		{"form-twice", form, "method=wechat_pay&rail=qr&method=alipay", "method"},
		{"form-twice-the-same", form, "rail=qr&rail=qr", "rail"},
		{"form-twice-by-escape", form, "rail=qr&r%61il=qr", "rail"},
		{"form-twice-empty", form, "rail&rail", "rail"},
		{"json", jsonForm, `{"method":"wechat_pay","rail":"qr"}`, ""},
		{"json-twice", jsonForm, `{"method":"wechat_pay","rail":"qr","method":"alipay"}`, "method"},
		{"json-twice-the-same", jsonForm, `{"rail":"qr","rail":"qr"}`, "rail"},
		{"json-twice-by-escape", jsonForm, `{"rail":"qr","r\u0061il":"qr"}`, "rail"},
		{"json-null", jsonForm, `{"rail":null}`, "rail"},
		{"json-object", jsonForm, `{"rail":{"rail":"qr"}}`, "rail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			form, err := readForm(httptest.NewRecorder(), r)
			if c.field == "" {
				if err != nil || form.Get("rail") != "qr" {
					t.Errorf("read %v, %v", form, err)
				}
				return
			}
			e, ok := errors.AsType[*pay.Error](err)
			if !ok || e.Code != pay.CodeInvalid || e.Field != c.field {
				t.Errorf("error is %v, want %s (%s)", err, pay.CodeInvalid, c.field)
			}
		})
	}
}

// TestSeveralMistakesInOneAnswer: the first is where the only one would be, and
// the list has all.
func TestSeveralMistakesInOneAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, want string }{
		{"one", `{"nme":"a"}`, `{"error":{"code":"invalid_request","message":"is not a known field: did you mean \"name\"?","field":"nme"}}`},
		{"two", "{\"nme\":\"a\",\n\"name\":1}", `{"error":{"code":"invalid_request","message":"is not a known field: did you mean \"name\"? (1 of 2 mistakes)","field":"nme","errors":[` +
			`{"field":"nme","line":1,"message":"is not a known field: did you mean \"name\"?"},{"field":"name","line":2,"message":"must be a string, is a number"}]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var into struct {
				Name string `json:"name"`
			}
			w := httptest.NewRecorder()
			failJSON(w, httptest.NewRequest("POST", "/", nil), invalid(strictjson.Decode([]byte(c.body), &into, 100)))
			if w.Code != http.StatusBadRequest || w.Body.String() != c.want {
				t.Errorf("answer is %d %s\nwant %s", w.Code, w.Body, c.want)
			}
		})
	}
}

func FuzzForm(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "method=wechat_pay&rail=qr")
	f.Add("application/json", `{"method":"wechat_pay"}`)
	f.Add("application/json", `{"method":1}`)
	f.Add("multipart/form-data; boundary=x", "--x--")
	f.Add("application/x-www-form-urlencoded", "a=%zz&a=1&a=2")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		form, err := readForm(httptest.NewRecorder(), r)
		if err != nil {
			if _, ok := errors.AsType[*pay.Error](err); !ok {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Fatalf("%s has %d values", name, len(values))
			}
		}
	})
}

package main

// adminRows let people into the operators' pages who are not to be there, or show them
// more than they need.
var adminRows = []row{
	{
		name: "admin-stays-for-ever", file: "internal/admin/door.go",
		line: "if now.Sub(p.seen) > maxIdle || now.Sub(p.since) > maxStay {", becomes: "if now.Sub(p.seen) > maxIdle {",
		tests: "./internal/admin TestStay",
	}, {
		name: "admin-stays-when-away", file: "internal/admin/door.go",
		line: "if now.Sub(p.seen) > maxIdle || now.Sub(p.since) > maxStay {", becomes: "if now.Sub(p.since) > maxStay {",
		tests: "./internal/admin TestStay",
	}, {
		name: "admin-key-is-guessed", file: "internal/admin/door.go",
		line: "return l.AllowN(d.now(), 1)", becomes: "return l.AllowN(d.now(), 1) || true",
		tests: "./internal/admin TestWrongKey",
	}, {
		name: "admin-form-is-forged", file: "internal/admin/door.go",
		line: `if !hmac.Equal([]byte(v.r.PostForm.Get("csrf")), []byte(v.token())) {`, becomes: "if false {",
		tests: "./internal/admin TestForgedForms",
	}, {
		name: "admin-token-is-everybodys", file: "internal/admin/door.go",
		line: "mac.Write([]byte(v.cookie))", becomes: "mac.Write(nil)",
		tests: "./internal/admin TestForgedForms",
	}, {
		name: "admin-cookie-of-before-is-let-in", file: "internal/admin/door.go",
		line: "a.door.people.Remove(folder.HashKey(v.cookie))", becomes: "",
		tests: "./internal/admin TestSignIn",
	}, {
		name: "admin-sees-the-payer", file: "internal/admin/mask.go",
		line: "hidden || personal(key)", becomes: "hidden",
		tests: "./internal/admin TestMask",
	}, {
		name: "admin-undoes-another-ones-work", file: "internal/merchant/replace.go",
		line: "p.JSON = old.JSON", becomes: "p.JSON, p.Expect = old.JSON, nil",
		tests: "./internal/admin TestRollback",
	}, {
		name: "admin-is-led-away", file: "internal/admin/admin.go",
		line: `u.Host != "" ||`, becomes: "",
		tests: "./internal/admin TestOurs",
	},
}

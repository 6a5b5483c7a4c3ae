// Package sample is a small go-app component with one of everything that the
// adoption of server-rendered nodes must get right. The tests of package web
// render it on the server and mount it in a browser over that HTML; nothing of
// the product imports it.
package sample

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Page is the root. Its node is the one go-app replaces in stock.
type Page struct {
	app.Compo

	clicks int
}

// Render draws nested components, a form with hidden inputs, a disclosure, an
// SVG, boolean attributes, Chinese and quoted text.
func (p *Page) Render() app.UI {
	return app.Main().ID("checkout").DataSet("state", p.state()).Body(
		app.H1().Text(`Tea & "cups" 茶`),
		app.P().Body(app.Span().Text("Total"), app.Strong().Text("¥59.80")),
		&Row{Method: "wechat_pay", OnPick: p.pick},
		app.Details().Body(
			app.Summary().Text("More payment methods"),
			app.Range([]string{"alipay", "jd_pay"}).Slice(func(i int) app.UI {
				return &Row{Method: []string{"alipay", "jd_pay"}[i], OnPick: p.pick}
			}),
		),
		app.Elem("svg").XMLNS(svg).Attr("viewBox", "0 0 4 4").Body(
			app.Elem("path").XMLNS(svg).Attr("d", "M0 0h4v4h-4z"),
		),
		app.Button().Type("button").Disabled(true).Text("not now"),
		app.If(p.clicks == 1, func() app.UI { return app.P().ID("picked").Text(p.clicks) }),
	)
}

func (p *Page) pick() { p.clicks++ }

func (p *Page) state() string {
	if p.clicks > 0 {
		return "waiting"
	}
	return "select"
}

const svg = "http://www.w3.org/2000/svg"

// Row is one method's form.
type Row struct {
	app.Compo

	Method string
	OnPick func()
}

// Render draws the form; its submit is taken over by the browser's side.
func (r *Row) Render() app.UI {
	return app.Form().Method("post").Action("/attempts").DataSet("method", r.Method).OnSubmit(r.submit).Body(
		app.Input().Type("hidden").Name("method").Value(r.Method),
		app.Input().Type("hidden").Name("rail").Value("qr"),
		app.Button().Type("submit").ID("pay-"+r.Method).Text("Pay with "+r.Method),
	)
}

func (r *Row) submit(ctx app.Context, e app.Event) {
	e.PreventDefault()
	r.OnPick()
}

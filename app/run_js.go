package app

import (
	"encoding/json"
	"syscall/js"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/view"
)

// Run takes over the page that the server made, from the view in its #view
// element and the catalogue that the boot script has fetched, and returns only if it
// can't: then the page works on without it.
func Run() {
	var v view.Checkout
	source := js.Global().Get("document").Call("getElementById", "view").Get("textContent").String()
	if err := json.Unmarshal([]byte(source), &v); err != nil {
		goapp.Logf("morepay: the page's view can't be read: %v", err)
		return
	}
	if err := json.Unmarshal([]byte(js.Global().Get("morepay").Get("text").String()), &v.Text); err != nil {
		goapp.Logf("morepay: the page's texts can't be read: %v", err)
		return
	}
	if v.Version != view.Version {
		goapp.Logf("morepay: the page has view version %d, this bundle knows %d", v.Version, view.Version)
		return
	}
	// Whatever path the page has, it is this one component.
	goapp.Route(goapp.Window().URL().Path, func() goapp.Composer { return &Checkout{View: v} })
	goapp.RunWhenOnBrowser()
}

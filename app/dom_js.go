package app

import (
	"syscall/js"
	"time"
)

func hidden() bool { return js.Global().Get("document").Get("hidden").Bool() }

// online is false only if the browser is sure that there is no network.
func online() bool { return !js.Global().Get("navigator").Get("onLine").Equal(js.ValueOf(false)) }

// data returns an element's data-… attribute, "" if it has none.
func data(element js.Value, name string) string {
	if value := element.Call("getAttribute", "data-"+name); value.Type() == js.TypeString {
		return value.String()
	}
	return ""
}

// queryHas reports whether the page's address has a query parameter.
func queryHas(name string) bool {
	search := js.Global().Get("location").Get("search")
	return js.Global().Get("URLSearchParams").New(search).Call("has", name).Bool()
}

// The entries of the history that this page makes: the list, and a code that took its
// place. Each is named in the entry's state.
const (
	entryList = "list"
	entryCode = "code"
)

// entry returns the name of the entry that is shown, "" for one that we did not make.
func entry() string {
	if state := js.Global().Get("history").Get("state"); state.Type() == js.TypeString {
		return state.String()
	}
	return ""
}

// leaveList makes an entry for a code that takes the list's place, so that Back leads
// to the list and Forward to the code. The list gets an address of its own: else
// the server would show the code there.
func leaveList() {
	history, address := js.Global().Get("history"), bareAddress()
	address.Get("searchParams").Call("set", "choose", "1")
	history.Call("replaceState", entryList, "", address)
	address.Get("searchParams").Call("delete", "choose")
	history.Call("pushState", entryCode, "", address)
}

func pageAddress() js.Value {
	return js.Global().Get("URL").New(js.Global().Get("location").Get("href"))
}

// framed reports whether the page stands in another's frame, whose history is not ours.
func framed() bool { return !js.Global().Get("parent").Equal(js.Global().Get("window")) }

func setTitle(title string) {
	if document := js.Global().Get("document"); document.Get("title").String() != title {
		document.Set("title", title)
	}
}

// forgetQuery takes out of the page's address what the server was asked to show,
// now that something else is shown: else a reload would bring the past back.
func forgetQuery() {
	history := js.Global().Get("history")
	history.Call("replaceState", history.Get("state"), "", bareAddress())
}

// bareAddress returns the page's address without what the server was asked to show.
func bareAddress() js.Value {
	address := pageAddress()
	for _, name := range []string{"asked", "choose", "method", "rail", "returned", "ticket"} {
		address.Get("searchParams").Call("delete", name)
	}
	return address
}

// focusTitle moves the focus to the heading of a new screen, but takes it from
// nobody: a frame that does not have it leaves it where it is.
func focusTitle() {
	document := js.Global().Get("document")
	if title := document.Call("getElementById", "title"); title.Truthy() && document.Call("hasFocus").Bool() {
		title.Call("focus")
	}
}

// sinceResponse returns the age of the page's HTML, zero if the browser can't tell.
func sinceResponse() time.Duration {
	performance := js.Global().Get("performance")
	entries := performance.Call("getEntriesByType", "navigation")
	if entries.Length() == 0 {
		return 0
	}
	age := performance.Call("now").Float() - entries.Index(0).Get("responseStart").Float()
	return max(0, time.Duration(age*float64(time.Millisecond)))
}

// copiedFor is the time for which the page says that the link was copied.
const copiedFor = 4 * time.Second

// copyLink copies what an input holds. The old way goes first: it works in
// frames that were not given the clipboard. It runs on a goroutine of its own.
func (b *browser) copyLink(id string) {
	document := js.Global().Get("document")
	field := document.Call("getElementById", id)
	field.Call("select")
	if !document.Call("execCommand", "copy").Bool() && !writeClipboard(field.Get("value").String()) {
		return // the text is selected: the payer can copy it by hand
	}
	b.do(func() { b.page.local.copied = true })
	time.Sleep(copiedFor)
	b.do(func() { b.page.local.copied = false })
}

func writeClipboard(text string) bool {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if !clipboard.Truthy() {
		return false
	}
	_, err := await(clipboard.Call("writeText", text))
	return err == nil
}

// Package app draws a checkout. The same components are rendered to HTML by the
// server ([HTML]) and mounted over that HTML in the browser (Run), so both show
// the same thing from the same view.
//
// Components are plain markup: every action of the payer is a form, and the
// browser side (the *_js.go files) only listens to what bubbles up to the
// document. No component has an event handler, so none can go stale, and a page
// without JavaScript loses comfort but no function.
//
// What must not live here: texts (they come with the view), money state, and,
// outside the *_js.go files, anything that asks for the time or the browser.
package app

package page

import "morepay/internal/locale"

// TextsPrefix begins the paths of [Texts].
const TextsPrefix = locale.Prefix

// Texts returns the catalogue that a page names by its path, as JSON; false if there
// is none. A page draws itself, so it is needed only once the browser side runs, and
// is the same for all pages of a language.
func Texts(path string) (body []byte, ok bool) { return locale.File(path) }

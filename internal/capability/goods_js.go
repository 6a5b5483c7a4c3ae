package capability

import "slices"

// AmongGoods reports whether goods of a page are in a list. The server has given those
// that mean the same one spelling.
func AmongGoods(list []string, s string) bool { return slices.Contains(list, s) }

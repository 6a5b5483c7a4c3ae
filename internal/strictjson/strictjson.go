// Package strictjson decodes JSON that comes from outside: bodies of requests,
// merchants' files, accounts' settings, capability documents.
//
// It takes one spelling of each value and refuses the rest, so that no two
// programs can read the same text as two things: a field that is unknown, that
// stands twice or is written in other letters, invalid UTF-8 and half surrogate
// pairs, anything after the value, and whole numbers in other than digits. All
// mistakes are found at once, each with its path and line.
//
// What must not live here: what a value means, such as which names, texts or
// amounts are allowed. It is not for the browser, which reads what the server
// wrote, nor for a provider's answers, which may gain fields at any time.
package strictjson

// Package admin is the desk of who runs a server: pages at /admin/ of the admin
// listener, in English and Chinese, that work without scripts. Whoever has the admin key
// signs in with it and a name. They see sessions and how the server does, and decide
// what the command line decides. Every action is a line of the log, and names the
// command that does the same.
//
// What must not live here: rules about money, deliveries or documents (packages desk,
// webhook and merchant have them), and more of a payer than a decision needs.
package admin

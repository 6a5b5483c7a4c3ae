// Package folder reads the folder of each merchant: its document as its people
// edit it, its pictures, and what only the server may know of it: keys, accounts
// at providers, and where it hears of events.
//
// What must not live here: which document is in force. What is stored after the
// folder's counts, and package merchant keeps that.
package folder

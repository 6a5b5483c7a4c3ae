// Package merchants holds the sample merchants of the demo and of the QA
// matrix: one folder a merchant, named by its id. Together they show each
// reason for which a method may be missing.
//
// Nothing here is code; another merchant is another folder.
package merchants

import "embed"

// FS holds <id>/capabilities.json of every sample merchant, and the pictures of
// some.
//
//go:embed */capabilities.json */icons/*
var FS embed.FS

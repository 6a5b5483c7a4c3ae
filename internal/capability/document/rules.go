package document

import "morepay/internal/strictjson"

// The rules of documents, beyond those of JSON. The list is closed.
const (
	RuleRequired    strictjson.Rule = "required"     // a field is missing
	RuleFormat      strictjson.Rule = "format"       // an id, tag, version or time that is not formed like one
	RuleUnknownID   strictjson.Rule = "unknown_id"   // a word that is not in its closed list
	RuleDuplicate   strictjson.Rule = "duplicate"    // the same entry twice in one list
	RuleMethodTwice strictjson.Rule = "method_twice" // two entries of methods are about the same method
	RuleRail        strictjson.Rule = "rail"         // a rail that this method does not have
	RuleCurrency    strictjson.Rule = "currency"     // a currency that this method is never paid in
	RuleBound       strictjson.Rule = "bound"        // more than the provider takes
	RuleInstalments strictjson.Rule = "instalments"  // a number of instalments that this method does not have
	RuleInvisible   strictjson.Rule = "invisible"    // a text that shows nothing, or other than it says
	RuleReversed    strictjson.Rule = "reversed"     // a range that ends before it begins
	RuleOverlap     strictjson.Rule = "overlap"      // allowed and excluded at once
	RuleUndeclared  strictjson.Rule = "undeclared"   // refers to something that the document does not have
	RuleDecimals    strictjson.Rule = "decimals"     // a number that is finer than the last place that counts
	RuleContrast    strictjson.Rule = "contrast"     // a colour on which text can't be read
	RuleState       strictjson.Rule = "state"        // contradicts the method's state
)

package main

import "morepay/internal/merchant"

const adminKey = "an operator's key"

func withAdminKey(c *config) { c.AdminKey = merchant.HashKey(adminKey) }

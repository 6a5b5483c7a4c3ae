"use strict";
// Reads a schema and then documents, one a line, and says of each document whether the
// schema accepts it.
const Ajv = require("ajv/dist/2020").default;
const [schema, ...documents] = require("node:fs").readFileSync(0, "utf8").trim().split("\n");
const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false });
require("ajv-formats").default(ajv);
const accepts = ajv.compile(JSON.parse(schema));
for (const text of documents) console.log(accepts(JSON.parse(text)));

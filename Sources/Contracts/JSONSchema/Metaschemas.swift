// SPDX-License-Identifier: Apache-2.0

/// The schemas of schemas, for schemas that refer to them: what they say without their annotations, each in one file.
enum Metaschemas {
  private static let draft7Name = ReferenceURI(scheme: "http", authority: "json-schema.org", path: "/draft-07/schema")
  private static let draft2020Name = ReferenceURI(
    scheme: "https", authority: "json-schema.org", path: "/draft/2020-12/schema")

  /// The files that belong to a name; nil when it is none of them.
  static func files(for uri: ReferenceURI) throws(SchemaFault) -> [(ReferenceURI, SchemaDocument)]? {
    if uri == draft7Name { return [(uri, try SchemaDocument(Array(draft7.utf8)))] }
    if uri == draft2020Name { return [(uri, try SchemaDocument(Array(draft2020.utf8)))] }
    return nil
  }

  /// Source: draft-handrews-json-schema-validation-01.
  private static let draft7 = #"""
    {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://json-schema.org/draft-07/schema#",
    "type": ["object", "boolean"], "properties": {
    "$id": {"type": "string"}, "$schema": {"type": "string"}, "$ref": {"type": "string"}, "$comment": {"type": "string"},
    "title": {"type": "string"}, "description": {"type": "string"}, "readOnly": {"type": "boolean"},
    "examples": {"type": "array"}, "format": {"type": "string"}, "contentMediaType": {"type": "string"},
    "contentEncoding": {"type": "string"},
    "multipleOf": {"type": "number", "exclusiveMinimum": 0}, "maximum": {"type": "number"},
    "exclusiveMaximum": {"type": "number"}, "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
    "maxLength": {"$ref": "#/definitions/count"}, "minLength": {"$ref": "#/definitions/count"}, "pattern": {"type": "string"},
    "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/list"}]}, "additionalItems": {"$ref": "#"},
    "maxItems": {"$ref": "#/definitions/count"}, "minItems": {"$ref": "#/definitions/count"},
    "uniqueItems": {"type": "boolean"}, "contains": {"$ref": "#"},
    "maxProperties": {"$ref": "#/definitions/count"}, "minProperties": {"$ref": "#/definitions/count"},
    "required": {"$ref": "#/definitions/names"}, "additionalProperties": {"$ref": "#"},
    "definitions": {"$ref": "#/definitions/map"}, "properties": {"$ref": "#/definitions/map"},
    "patternProperties": {"$ref": "#/definitions/map"}, "propertyNames": {"$ref": "#"},
    "dependencies": {"type": "object", "additionalProperties": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/names"}]}},
    "enum": {"type": "array"},
    "type": {"anyOf": [{"$ref": "#/definitions/type"},
    {"type": "array", "items": {"$ref": "#/definitions/type"}, "minItems": 1, "uniqueItems": true}]},
    "if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"}, "not": {"$ref": "#"},
    "allOf": {"$ref": "#/definitions/list"}, "anyOf": {"$ref": "#/definitions/list"}, "oneOf": {"$ref": "#/definitions/list"}},
    "definitions": {"count": {"type": "integer", "minimum": 0},
    "list": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
    "map": {"type": "object", "additionalProperties": {"$ref": "#"}},
    "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "type": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]}}}
    """#

  /// Source: JSON Schema 2020-12 Core and Validation. `$dynamicRef` finds a schema that extends it.
  private static let draft2020 = #"""
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://json-schema.org/draft/2020-12/schema",
    "$dynamicAnchor": "meta", "type": ["object", "boolean"], "properties": {
    "$id": {"type": "string", "pattern": "^[^#]*#?$"}, "$schema": {"type": "string"}, "$ref": {"type": "string"},
    "$anchor": {"$ref": "#/$defs/anchor"}, "$dynamicRef": {"type": "string"}, "$dynamicAnchor": {"$ref": "#/$defs/anchor"},
    "$vocabulary": {"type": "object", "additionalProperties": {"type": "boolean"}}, "$comment": {"type": "string"},
    "$defs": {"$ref": "#/$defs/map"}, "definitions": {"$ref": "#/$defs/map"},
    "title": {"type": "string"}, "description": {"type": "string"}, "deprecated": {"type": "boolean"},
    "readOnly": {"type": "boolean"}, "writeOnly": {"type": "boolean"}, "examples": {"type": "array"},
    "format": {"type": "string"}, "contentMediaType": {"type": "string"}, "contentEncoding": {"type": "string"},
    "contentSchema": {"$dynamicRef": "#meta"},
    "multipleOf": {"type": "number", "exclusiveMinimum": 0}, "maximum": {"type": "number"},
    "exclusiveMaximum": {"type": "number"}, "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
    "maxLength": {"$ref": "#/$defs/count"}, "minLength": {"$ref": "#/$defs/count"}, "pattern": {"type": "string"},
    "prefixItems": {"$ref": "#/$defs/list"}, "items": {"$dynamicRef": "#meta"}, "contains": {"$dynamicRef": "#meta"},
    "maxItems": {"$ref": "#/$defs/count"}, "minItems": {"$ref": "#/$defs/count"}, "uniqueItems": {"type": "boolean"},
    "maxContains": {"$ref": "#/$defs/count"}, "minContains": {"$ref": "#/$defs/count"},
    "maxProperties": {"$ref": "#/$defs/count"}, "minProperties": {"$ref": "#/$defs/count"},
    "required": {"$ref": "#/$defs/names"}, "properties": {"$ref": "#/$defs/map"},
    "patternProperties": {"$ref": "#/$defs/map"}, "additionalProperties": {"$dynamicRef": "#meta"},
    "propertyNames": {"$dynamicRef": "#meta"}, "unevaluatedItems": {"$dynamicRef": "#meta"},
    "unevaluatedProperties": {"$dynamicRef": "#meta"}, "dependentSchemas": {"$ref": "#/$defs/map"},
    "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/names"}},
    "dependencies": {"type": "object",
    "additionalProperties": {"anyOf": [{"$dynamicRef": "#meta"}, {"$ref": "#/$defs/names"}]}},
    "enum": {"type": "array"},
    "type": {"anyOf": [{"$ref": "#/$defs/type"},
    {"type": "array", "items": {"$ref": "#/$defs/type"}, "minItems": 1, "uniqueItems": true}]},
    "if": {"$dynamicRef": "#meta"}, "then": {"$dynamicRef": "#meta"}, "else": {"$dynamicRef": "#meta"},
    "not": {"$dynamicRef": "#meta"}, "allOf": {"$ref": "#/$defs/list"}, "anyOf": {"$ref": "#/$defs/list"},
    "oneOf": {"$ref": "#/$defs/list"}},
    "$defs": {"anchor": {"type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"},
    "count": {"type": "integer", "minimum": 0},
    "list": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#meta"}},
    "map": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}},
    "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "type": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]}}}
    """#
}

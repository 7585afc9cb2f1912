// SPDX-License-Identifier: Apache-2.0

/// A schema in JSON Schema, of draft 7 or 2020-12: `$schema` says which, 2020-12 when it says nothing.
///
/// References go within the file: to `$id`, `$anchor`, `$dynamicAnchor` and by JSON Pointer, and to the two drafts' own
/// schemas. Keywords that are not known are annotations, and so are `format` and the `content` keywords.
/// Source: draft-handrews-json-schema-validation-01; JSON Schema 2020-12, Core and Validation.
package struct JSONSchema: DocumentSchema {
  package let document: SchemaDocument
  package let remarks: [SchemaRemark]
  let compiled: JSONSchemaValidator

  package init(_ document: SchemaDocument) throws(SchemaFault) {
    self.document = document
    let (program, remarks) = try SchemaCompiler.program(for: document)
    compiled = JSONSchemaValidator(program)
    self.remarks = remarks
  }

  package var largest: LargestData { SchemaLargest.of(compiled.program) }

  package func validator() throws(SchemaFault) -> any PayloadValidator { compiled }

  package func isSame(as other: JSONSchema) -> Bool { SchemaSameness.areSame(document, other.document) }

  package func obstacles(reading writer: JSONSchema, effort: inout Effort) -> [Obstacle] {
    obstacles(reading: writer, isStrict: false, effort: &effort)
  }

  /// The same, whatever it takes.
  package func obstacles(reading writer: JSONSchema, isStrict: Bool) -> [Obstacle] {
    var effort = Effort.unlimited
    return obstacles(reading: writer, isStrict: isStrict, effort: &effort)
  }

  /// What keeps a reader who has this schema from reading what was written with another.
  ///
  /// - Parameters:
  ///   - writer: The other.
  ///   - isStrict: Whether members count that the writer's schema leaves open without naming them: they may be anything.
  ///   - effort: What may be spent on it.
  package func obstacles(reading writer: JSONSchema, isStrict: Bool, effort: inout Effort) -> [Obstacle] {
    effort.spend(16 + compiled.program.nodes.count / 8)
    if isSame(as: writer) { return [] }
    var comparison = SchemaComparison(reader: compiled, writer: writer.compiled, isStrict: isStrict)
    let work = min(SchemaComparison.maximumWork, max(effort.left, 0) / SchemaComparison.effortOfWork)
    comparison.work = work
    defer {
      effort.spend((work - comparison.work) * SchemaComparison.effortOfWork)
      effort.spend((SchemaComparison.maximumSteps - comparison.steps) / SchemaComparison.stepsOfEffort)
    }
    return comparison.obstacles()
  }
}

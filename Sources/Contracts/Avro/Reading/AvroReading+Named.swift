// SPDX-License-Identifier: Apache-2.0

/// Records, enums and fixed.
extension AvroReading {
  mutating func record(_ document: SchemaDocument, _ namespace: String, _ place: Int) throws(SchemaFault) -> Int {
    let name = try name(document, namespace, place)
    // It is known before its fields are, which may refer to it.
    let type = try define(name, .record(name, []), place)
    let list = try array("fields", document, place)
    var fields: [AvroField] = []
    var names: Set<String> = []
    for (index, element) in list.elements.enumerated() {
      let field = try field(element, name.namespace, places.element(index, of: list.place, element))
      guard names.insert(field.name).inserted else {
        throw fault(field.place, "the record \(name.full) has the field \(field.name) twice", "rename one of them")
      }
      fields.append(field)
    }
    types[type].shape = .record(name, fields)
    return type
  }

  private mutating func field(
    _ document: SchemaDocument, _ namespace: String, _ place: Int
  ) throws(SchemaFault) -> AvroField {
    guard case .object = document.value else {
      throw fault(place, "a field is no object", "write {\"name\": …, \"type\": …}")
    }
    remarkAttributes(document, AvroAttributes.ofFields, place)
    let name = try string("name", document, place)
    guard AvroName.isName(name.text) else { throw invalid(name.text, "field", name.place) }
    if let order = document["order"] {
      guard case .string(let word) = order.value, ["ascending", "descending", "ignore"].contains(word) else {
        throw fault(
          places.member("order", of: place, order), "the order is none", "write ascending, descending or ignore")
      }
    }
    let aliases = try aliases(document, place) { AvroName.isName($0) }
    let type = try need("type", document, place)
    if let logical = document["logicalType"], type.value["logicalType"] == nil {
      remark(
        places.member("logicalType", of: place, logical),
        "a logical type beside a field's type is ignored; write it into the type: {\"type\": …, \"logicalType\": …}")
    }
    let use = try use(type.value, namespace: namespace, place: type.place)
    return AvroField(
      name: name.text, aliases: aliases, use: use, defaultValue: document["default"], place: place)
  }

  mutating func enumeration(_ document: SchemaDocument, _ namespace: String, _ place: Int) throws(SchemaFault) -> Int {
    let name = try name(document, namespace, place)
    let list = try array("symbols", document, place)
    var symbols: [String] = []
    var known: Set<String> = []
    known.reserveCapacity(list.elements.count)
    for (index, element) in list.elements.enumerated() {
      guard case .string(let symbol) = element.value else {
        throw fault(places.element(index, of: list.place, element), "a symbol is no string", "write it in quotes")
      }
      guard AvroName.isName(symbol) else {
        throw invalid(symbol, "symbol", places.element(index, of: list.place, element))
      }
      guard known.insert(symbol).inserted else {
        throw fault(
          places.element(index, of: list.place, element), "the enum \(name.full) has the symbol \(symbol) twice",
          "take one of them out")
      }
      symbols.append(symbol)
    }
    if symbols.isEmpty { remark(list.place, "no data matches an enum without symbols") }
    var defaultSymbol: String?
    if let value = document["default"] {
      guard case .string(let symbol) = value.value, AvroName.isName(symbol), known.contains(symbol)
      else {
        throw fault(
          places.member("default", of: place, value), "the default of the enum \(name.full) is none of its symbols",
          "write one of its symbols, or add this one to them")
      }
      defaultSymbol = symbol
    }
    return try define(name, .enumeration(name, AvroEnumeration(symbols: symbols, defaultSymbol: defaultSymbol)), place)
  }

  mutating func fixed(_ document: SchemaDocument, _ namespace: String, _ place: Int) throws(SchemaFault) -> Int {
    let name = try name(document, namespace, place)
    let size = try need("size", document, place)
    guard let count = size.value.integer, (0...Int(Int32.max)).contains(count) else {
      throw fault(size.place, "the size is no number of bytes", "write an integer from 0 to \(Int32.max)")
    }
    return try define(name, .fixed(name, size: count), place)
  }

  private mutating func define(_ name: AvroName, _ shape: AvroType.Shape, _ place: Int) throws(SchemaFault) -> Int {
    if let earlier = named[name.full] {
      throw fault(
        place, "\(name.full) is defined twice; the first is in line \(places.line(types[earlier].place))",
        "refer to the first by its name, or rename one of them")
    }
    let type = add(shape, place)
    named[name.full] = type
    return type
  }

  private mutating func name(_ document: SchemaDocument, _ namespace: String, _ place: Int) throws(SchemaFault)
    -> AvroName
  {
    let name = try string("name", document, place)
    guard AvroName.isFullName(name.text) else { throw invalid(name.text, "name", name.place) }
    var namespace = namespace
    if let written = document["namespace"] {
      let place = places.member("namespace", of: place, written)
      guard case .string(let text) = written.value, text.isEmpty || AvroName.isFullName(text) else {
        throw fault(
          place, "the namespace is none",
          "write names of letters, digits and underscores, none of which begins with a digit, with a dot between each two"
        )
      }
      namespace = text
    }
    var full = AvroName(full: AvroName.full(name.text, in: namespace))
    // "Primitive type names have no namespace and their names may not be defined in any namespace."
    guard AvroType.primitiveNumbers[String(full.simple)] == nil else {
      throw fault(name.place, "\(full.simple) is the name of a primitive type", "take another name")
    }
    full.aliases = try aliases(document, place) { AvroName.isFullName($0) }
      .map { AvroName.full($0, in: full.namespace) }
    return full
  }

  private mutating func aliases(
    _ document: SchemaDocument, _ place: Int, _ isAlias: (String) -> Bool
  ) throws(SchemaFault) -> [String] {
    guard document["aliases"] != nil else { return [] }
    let list = try array("aliases", document, place)
    var aliases: [String] = []
    for (index, element) in list.elements.enumerated() {
      guard case .string(let alias) = element.value, isAlias(alias) else {
        throw fault(
          places.element(index, of: list.place, element), "an alias is no name",
          "write letters, digits and underscores, the first no digit")
      }
      aliases.append(alias)
    }
    return aliases
  }

  private mutating func array(
    _ name: String, _ document: SchemaDocument, _ place: Int
  ) throws(SchemaFault) -> (elements: [SchemaDocument], place: Int) {
    let member = try need(name, document, place)
    guard case .array(let elements) = member.value.value else {
      throw fault(member.place, "\(name) is no array", "write [ … ]")
    }
    return (elements, member.place)
  }

  private mutating func string(
    _ name: String, _ document: SchemaDocument, _ place: Int
  ) throws(SchemaFault) -> (text: String, place: Int) {
    let member = try need(name, document, place)
    guard case .string(let text) = member.value.value else {
      throw fault(member.place, "\(name) is no string", "write it in quotes")
    }
    return (text, member.place)
  }

  private mutating func invalid(_ name: String, _ what: String, _ place: Int) -> SchemaFault {
    fault(
      place, "the \(what) \(shown(name)) is not as Avro wants them",
      "write letters, digits and underscores, the first no digit"
        + (what == "name" ? ", with dots for a namespace" : ""))
  }
}

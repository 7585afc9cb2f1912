// SPDX-License-Identifier: Apache-2.0

/// Contracts as a page to read: one file, which asks nobody for anything.
extension ContractDocuments {
  /// The page's text.
  package func page() throws(TooLarge) -> String {
    var page = HTMLText()
    page.markup(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="script-src 'none'; connect-src 'none'; img-src data:; font-src 'none'; \
      media-src 'none'; object-src 'none'; frame-src 'none'; form-action 'none'; base-uri 'none'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">

      """)
    page.element("<title>", title, "</title>\n<style>\n")
    page.markup(Self.style)
    page.element("</style>\n</head>\n<body>\n<header><h1>", title, "</h1>\n<p>")
    page.text("Version \(version) · ")
    let count = types.reduce(0) { $0 + $1.versions.count }
    page.text("\(types.count) \(types.count == 1 ? "type" : "types"), \(count) \(count == 1 ? "version" : "versions")")
    page.markup(" · <a href=\"asyncapi.json\">asyncapi.json</a></p></header>\n<nav aria-label=\"Types\"><ul>\n")
    for type in types {
      page.element("<li><a href=\"#", type.key, "\">")
      page.text(type.name)
      page.markup("</a></li>\n")
    }
    page.markup("</ul></nav>\n<main>\n")
    for type in types {
      Self.add(type, to: &page, most: most)
      guard page.text.utf8.count <= most else { throw TooLarge() }
    }
    page.markup("</main>\n</body>\n</html>\n")
    return page.text
  }

  private static func add(_ type: EventType, to page: inout HTMLText, most: Int) {
    page.element("<section id=\"", type.key, "\">\n<h2>")
    page.text(type.name)
    page.element("</h2>\n<p class=\"mode\">Compatibility: <code>", type.compatibility.rawValue, "</code></p>\n")
    for (index, version) in type.versions.enumerated() {
      page.markup(index == 0 ? "<details open id=\"" : "<details id=\"")
      page.text("\(type.key)/\(version.contract.version)")
      page.markup("\"><summary>Version ")
      page.text("\(version.contract.version)")
      page.element(" <span>", version.format, "</span>")
      if !version.findings.isEmpty { page.markup(" <strong class=\"bad\">not compatible</strong>") }
      page.markup("</summary>\n")
      version.add(to: &page, type.compatibility)
      page.markup("</details>\n")
      guard page.text.utf8.count <= most else { return }
    }
    page.markup("</section>\n")
  }
}

extension ContractDocuments.Version {
  /// The format that it is written in.
  fileprivate var format: String {
    switch contract.schema {
    case is AvroSchema: "Avro"
    case is JSONSchema: "JSON Schema"
    default: "Protobuf"
    }
  }

  fileprivate func add(to page: inout HTMLText, _ mode: Compatibility) {
    if !outline.doc.isEmpty { page.element("<p class=\"doc\">", outline.doc, "</p>\n", keepsLines: true) }
    addFields(to: &page)
    if let before { addChanges(to: &page, since: before, mode) }
    page.markup("<h3>Example</h3>\n")
    if let example {
      page.element("<pre><code>", example.laidOut, "</code></pre>\n", keepsLines: true)
    } else {
      page.markup("<p class=\"none\">No example could be made that keeps this contract.</p>\n")
    }
    if let source {
      page.element(
        "<details class=\"source\"><summary>Source</summary><pre><code>", source, "</code></pre></details>\n",
        keepsLines: true)
    } else if let document = try? SchemaDocument(contract.text), contract.text.count <= ExampleData.longest {
      page.element(
        "<details class=\"source\"><summary>Schema</summary><pre><code>", document.laidOut,
        "</code></pre></details>\n", keepsLines: true)
    }
  }

  private func addFields(to page: inout HTMLText) {
    guard !outline.fields.isEmpty else {
      page.element("<p>Data: <code>", outline.type, "</code></p>\n")
      return
    }
    page.element("<h3>Fields <span>", outline.type, "</span></h3>\n<table>\n")
    page.markup(
      "<thead><tr><th>Field</th><th>Type</th><th>Required</th><th>Default</th><th>Meaning</th></tr></thead>\n<tbody>\n")
    for field in outline.fields {
      page.element("<tr><td><code>", field.path, "</code></td>")
      page.element("<td data-name=\"Type\">", field.type, "")
      if !field.symbols.isEmpty {
        let symbols = field.symbols.prefix(50) + (field.symbols.count > 50 ? ["…"] : [])
        page.element("<div class=\"rules\">", symbols.joined(separator: ", "), "</div>")
      }
      page.element("</td><td data-name=\"Required\">", field.isRequired ? "yes" : "no", "</td>")
      page.markup(field.defaultText == nil ? "<td class=\"empty\">" : "<td data-name=\"Default\"><code>")
      page.text(field.defaultText ?? "")
      page.markup(field.defaultText == nil ? "</td>" : "</code></td>")
      page.markup(
        field.doc.isEmpty && field.rules.isEmpty ? "<td class=\"empty\">" : "<td data-name=\"Meaning\" class=\"doc\">")
      page.text(field.doc, keepsLines: true)
      if !field.rules.isEmpty { page.element("<div class=\"rules\">", field.rules, "</div>") }
      page.markup("</td></tr>\n")
    }
    page.markup("</tbody></table>\n")
    if outline.isCut { page.markup("<p class=\"none\">There are more fields, or deeper ones, than are shown.</p>\n") }
  }

  private func addChanges(to page: inout HTMLText, since before: Int, _ mode: Compatibility) {
    page.element("<h3>Changes since version ", "\(before)", "</h3>\n")
    if changes.isEmpty {
      page.markup("<p>No field is another.</p>\n")
    } else {
      page.markup("<ul class=\"changes\">\n")
      for change in changes {
        page.element("<li class=\"", change.kind.rawValue, "\"><b>")
        page.text(change.kind.rawValue)
        page.markup("</b> ")
        if !change.path.isEmpty { page.element("<code>", change.path, "</code> ") }
        page.text(change.words)
        page.markup("</li>\n")
      }
      page.markup("</ul>\n")
    }
    if mode == .none {
      page.markup("<p>It is compared with no other version.</p>\n")
    } else if findings.isEmpty {
      page.element("<p class=\"good\">Compatible: ", mode.rawValue, ".</p>\n")
    } else {
      page.markup("<ul class=\"findings\">\n")
      for finding in findings.prefix(50) {
        let place = finding.path.isEmpty ? "" : "\(finding.path): "
        let doubt = finding.level == .unknown ? "cannot tell: " : ""
        page.element("<li class=\"bad\">", "\(place)\(doubt)\(finding.rule)", "</li>\n")
      }
      page.markup("</ul>\n")
    }
  }
}

import IntegrationEvents
import Octets
import PgOutput

/// What is kept of a row that could not become an event.
enum BadRow {
  /// Its columns as a JSON object of text, bytes in hexadecimal.
  static func json(_ tuple: Tuple, _ relation: Relation, _ message: RawSpan) -> String {
    var members: [String] = []
    tuple.forEachColumn(in: message) { index, value in
      let text =
        switch value {
        case .null, .unchanged: "null"
        case .text(let range): JSONText.string(message.text(range))
        case .binary(let range): JSONText.string(message.hexadecimalText(range))
        }
      members.append("\(JSONText.string(relation.columns[index].name)):\(text)")
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// A message's prefix and content.
  static func json(_ logical: LogicalMessage, _ message: RawSpan) -> String {
    let content = JSONText.string(message.text(logical.content))
    return "{\"prefix\":\(JSONText.string(logical.prefix)),\"content\":\(content)}"
  }
}

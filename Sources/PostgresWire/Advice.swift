/// Words for an operator, in which settings and commands are data: whoever shows them knows whether a setting is a flag, a
/// line of a file or a property.
///
/// Written as a string: `"go on with \(setting: "on-poison", "dead-letter")"`.
public struct Advice: Hashable, Sendable {
  /// A piece of it.
  public enum Part: Hashable, Sendable {
    /// Words as they are.
    case words(String)
    /// Something that can be set, by its name, and what to.
    case setting(Setting)
    /// One of the program's commands, by its name, with what to set for it.
    case command(String, [Setting])
  }

  /// A setting's name, such as `on-poison`, and its value; nil where there is none to name.
  public struct Setting: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The value.
    public let value: String?

    /// Names a setting.
    public init(_ name: String, _ value: String? = nil) {
      self.name = name
      self.value = value
    }
  }

  /// The pieces, in order.
  public let parts: [Part]

  /// The words, with settings and commands as somebody writes them.
  public func text(setting: (Setting) -> String, command: (String, [Setting]) -> String) -> String {
    parts.map { part in
      switch part {
      case .words(let words): words
      case .setting(let named): setting(named)
      case .command(let name, let settings): command(name, settings)
      }
    }.joined()
  }
}

extension Advice: ExpressibleByStringInterpolation {
  /// Collects the pieces of a string.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var parts: [Part] = []

    /// Makes room for nothing in particular.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds words.
    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { parts.append(.words(literal)) }
    }

    /// Adds a value in words.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      parts.append(.words(value.description))
    }

    /// Adds a setting.
    public mutating func appendInterpolation(setting name: String, _ value: String? = nil) {
      parts.append(.setting(Setting(name, value)))
    }

    /// Adds a command.
    public mutating func appendInterpolation(command name: String, _ settings: [Setting] = []) {
      parts.append(.command(name, settings))
    }
  }

  /// Makes advice of plain words.
  public init(stringLiteral value: String) { parts = [.words(value)] }

  /// Makes advice of words, settings and commands.
  public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }
}

extension Advice: CustomStringConvertible {
  /// As a library has it: `on-poison: dead-letter`, `setup (slot: orders)`.
  public var description: String {
    func plain(_ setting: Setting) -> String { setting.value.map { "\(setting.name): \($0)" } ?? setting.name }
    return text(setting: plain) { name, settings in
      settings.isEmpty ? name : "\(name) (\(settings.map(plain).joined(separator: ", ")))"
    }
  }
}

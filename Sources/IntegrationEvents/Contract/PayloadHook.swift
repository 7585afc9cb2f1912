// SPDX-License-Identifier: Apache-2.0

import Octets

/// Looks at what an event carries before its line is written: to check it against a contract, or to carry it in another
/// encoding.
///
/// Called once for each event, on the relay's thread, so it must not wait for anything.
public protocol PayloadHook: Sendable {
  /// Gives what the event is to carry instead of the row's payload; nil to carry that.
  ///
  /// - Parameters:
  ///   - event: the event; its ranges are of `bytes`.
  ///   - bytes: valid only during the call.
  /// - Throws: why the event must not leave. It then stops the relay or becomes a dead letter, as the operator has chosen.
  func payload(
    of event: borrowing IntegrationEvent, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReplacedPayload?

  /// What is to be told at the end of what it has let leave; nil where there is nothing to tell. Default: nothing.
  func closingWords() -> String?

  /// How data is encoded where it leaves; nil where it leaves as it is. Default: nil.
  var encoding: (any DataEncoding)? { get }
}

extension PayloadHook {
  /// Data leaves as it is.
  public var encoding: (any DataEncoding)? { nil }

  /// There is nothing to tell.
  public func closingWords() -> String? { nil }
}

/// Why an event must not leave.
public struct PayloadRefusal: Error, Hashable, Sendable {
  /// Something that can be set, and what to.
  public struct Setting: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// The value; nil where there is none to name.
    public let value: String?

    /// Names one.
    public init(_ name: String, _ value: String? = nil) { (self.name, self.value) = (name, value) }
  }

  /// In a few words, never with the value.
  public let reason: String
  /// What to do about it; nil where there is nothing to say.
  public let advice: String?
  /// What to set: the end of the advice.
  public let setting: Setting?

  /// Makes a refusal.
  ///
  /// - Parameters:
  ///   - reason: in a few words, never with the value.
  ///   - advice: what to do about it.
  ///   - setting: what to set, named behind the advice.
  public init(_ reason: String, advice: String? = nil, setting: Setting? = nil) {
    (self.reason, self.advice, self.setting) = (reason, advice, setting)
  }
}

/// What an event carries instead of the row's payload.
public struct ReplacedPayload: Hashable, Sendable {
  /// Its form.
  public enum Content: Hashable, Sendable {
    /// The row's payload, as it stands: only what is said beside it may be another.
    ///
    /// - isJSON: that it has been found to be JSON, so that nobody has to look again.
    case row(isJSON: Bool)
    /// A JSON value, which is checked.
    case json([UInt8])
    /// Bytes, carried in base64.
    case bytes([UInt8])
  }

  /// What it is.
  public var content: Content
  /// `datacontenttype`; nil for that of the form: `application/json` or `application/octet-stream`.
  public var contentType: String?
  /// `dataschema`; nil for none.
  public var schema: DataSchema?

  /// Makes a payload.
  public init(_ content: Content, contentType: String? = nil, schema: DataSchema? = nil) {
    self.content = content
    self.contentType = contentType
    self.schema = schema
  }
}

extension ReplacedPayload {
  /// Room for it in a line, whatever has to be escaped.
  var longestText: Int {
    let said = (contentType?.utf8.count ?? 0) * LineWriter.longestEscape + (schema?.encoded.count ?? 0)
    switch content {
    case .row: return said
    case .json(let bytes): return said + bytes.count
    case .bytes(let bytes): return said + (bytes.count + 2) / 3 * 4
    }
  }

  /// Appends it, behind its member's name if the line is a whole event.
  func appending(
    to written: LineWriter, isWhole: Bool, _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    switch content {
    case .row: break
    case .json(let bytes):
      if isWhole { line.append(contentType == nil ? #","datacontenttype":"application/json","data":"# : #","data":"#) }
      let start = line.count
      do throws(EnvelopeError.Problem) {
        let span = unsafe bytes.span.bytes
        do { try JSONScanner.validate(span, 0..<bytes.count) } catch { throw .invalidJSON(offset: error.offset) }
        line = try line.appendingJSONLine(span, 0..<bytes.count)
      } catch {
        throw EnvelopeError(.payload, error)
      }
      encoded.note(.json, start..<line.count)
    case .bytes(let bytes):
      if isWhole {
        line.append(
          contentType == nil
            ? #","datacontenttype":"application/octet-stream","data_base64":"# : #","data_base64":"#)
      }
      line.append("\"")
      let start = line.count
      line.append(Array(Base64.encode(bytes).utf8))
      encoded.note(.base64, start..<line.count)
      line.append("\"")
    }
    return line
  }
}

extension IntegrationEvent.Payload {
  /// The same, once it is known to be JSON.
  var checked: Self {
    switch self {
    case .uncheckedJSON(let range): .json(range)
    case .none, .json, .text, .hexadecimal: self
    }
  }
}

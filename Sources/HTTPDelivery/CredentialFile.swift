import Files
import PostgresWire
import Synchronization

/// A file of credentials, read again whenever it changes. While what it holds then makes no sense, what it held before counts.
final class CredentialFile<Value: Sendable>: Sendable {
  /// What the file should be, in words; never what is in it.
  struct Problem: Error {
    let wants: String

    init(_ wants: String) { self.wants = wants }
  }

  private struct Content {
    var text: String
    var value: Value
    /// What is wrong with it now.
    var complaint: String?
  }

  private let file: WatchedFile
  private let parse: @Sendable (String) throws(Problem) -> Value
  private let content: Mutex<Content>

  /// Reads a file; one that cannot be read or makes no sense is an error.
  init(_ path: String, _ parse: @escaping @Sendable (String) throws(Problem) -> Value) throws(Failure) {
    self.parse = parse
    do { file = try WatchedFile(path: path) } catch {
      throw Failure(.credentials, "cannot read \(path): \(error.text)")
    }
    let text = file.text
    do { content = Mutex(Content(text: text, value: try parse(text))) } catch {
      throw Failure(.credentials, "\(path): \(error.wants)")
    }
  }

  /// What counts now, and what is wrong with what the file holds.
  var current: (value: Value, complaint: String?) {
    let text = file.text
    return content.withLock { content in
      if text != content.text {
        content.text = text
        do throws(Problem) {
          content.value = try parse(text)
          content.complaint = nil
        } catch {
          content.complaint = "\(file.path): \(error.wants); what it held before is used"
        }
      }
      return (content.value, content.complaint)
    }
  }
}

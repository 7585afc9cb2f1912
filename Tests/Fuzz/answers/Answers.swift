// SPDX-License-Identifier: Apache-2.0

import AWSDelivery

/// Input: what AWS answers, in XML or in JSON. Whatever it holds, reading it ends, and nothing comes out that did not go in.
@_cdecl("LLVMFuzzerTestOneInput")
public func read(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  for batch in [JSONAnswer.batch(bytes), XMLAnswer.batch(bytes)].compactMap({ $0 }) {
    precondition(batch.stored.count + batch.failed.count <= count, "more came out than went in")
  }
  for error in [JSONAnswer.error(bytes), XMLAnswer.error(bytes)].compactMap({ $0 }) {
    precondition(error.code.utf8.count <= count * 3, "more came out than went in")
  }
  _ = JSONAnswer.attributes(bytes)
  _ = JSONAnswer.credentials(bytes)
  _ = XMLAnswer.credentials(bytes)
  _ = XMLAnswer.isAttributes(bytes)
  return 0
}

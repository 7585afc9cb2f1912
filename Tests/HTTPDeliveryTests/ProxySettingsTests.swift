// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import HTTPDelivery

@Suite struct ProxySettingsTests {
  private func proxy(
    _ variables: [String: String], before address: String = "https://orders.example/events"
  ) throws -> String? {
    try ProxySettings { variables[$0] }.proxy(before: HTTPAddress(address)).map { "\($0.host):\($0.port)" }
  }

  @Test func `small letters count before capitals, and the scheme's own variable before the one for all`() throws {
    var variables = ["ALL_PROXY": "http://d:1"]
    for (name, host) in [("all_proxy", "c"), ("HTTPS_PROXY", "b"), ("https_proxy", "a")] {
      variables[name] = "http://\(host):1"
      #expect(try proxy(variables) == "\(host):1")
    }
    #expect(try proxy([:]) == nil)
    #expect(try proxy(["http_proxy": "http://a:1", "HTTP_PROXY": "http://a:1"]) == nil)
  }

  @Test func `a proxy without a scheme is meant as http, with port 80 where none is given`() throws {
    #expect(try proxy(["https_proxy": "proxy:3128"]) == "proxy:3128")
    #expect(try proxy(["https_proxy": "http://proxy"]) == "proxy:80")
    #expect(try proxy(["https_proxy": "http://[::2]:8080/"]) == "::2:8080")
  }

  @Test(arguments: ["https://proxy", "socks5://proxy:1080", "http://", "http://a b", "http://u:secret@proxy:99999"])
  func `a proxy that cannot be used is refused, and its address is not shown`(address: String) {
    let failure = #expect(throws: Failure.self) { try proxy(["HTTPS_PROXY": address]) }
    #expect(failure?.kind == .receiver)
    #expect(failure.map { "\($0)".contains("HTTPS_PROXY") && !"\($0)".contains("secret") } == true)
  }

  @Test(arguments: [
    "orders.example", "ORDERS.Example.", ".example", "example", "*.example", "a.b, orders.example", "x orders.example",
    "*", "orders.example:443",
  ])
  func `a host in no_proxy is reached directly`(exceptions: String) throws {
    #expect(try proxy(["https_proxy": "http://p", "NO_PROXY": exceptions]) == nil)
  }

  @Test(arguments: ["ders.example", "orders.example:8443", "", ",", ".", "sub.orders.example", "0.0.0.0/0"])
  func `a host that is not in no_proxy is reached through the proxy`(exceptions: String) throws {
    #expect(try proxy(["https_proxy": "http://p:1", "no_proxy": exceptions]) == "p:1")
  }

  @Test func `an address is in a block that it begins like`() throws {
    func isDirect(_ host: String, _ exceptions: String) throws -> Bool {
      try proxy(["https_proxy": "http://p", "no_proxy": exceptions], before: "https://\(host)/") == nil
    }
    for block in ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "10.1.2.3"] {
      #expect(try isDirect("10.1.2.3", block))
    }
    for block in ["11.0.0.0/8", "10.1.2.2/32", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "/8", "10.0.0.0/"] {
      #expect(try !isDirect("10.1.2.3", block))
    }
    #expect(try isDirect("[2001:db8::1]", "2001:db8::1"))
    #expect(try isDirect("[2001:db8::1]", "[2001:db8::1]:443"))
    #expect(try !isDirect("[2001:db8::1]", "2001:db8::2"))
  }

  @Test func `a password that goes to a proxy on another machine is warned of, and not shown`() {
    func warning(_ proxy: String, _ exceptions: String = "", before url: String = "https://orders.example/") -> String?
    {
      let environment = ["https_proxy": proxy, "no_proxy": exceptions]
      return ProxySettings { environment[$0] }.warning(before: url).map { "\($0)" }
    }
    let words = warning("http://user:PW@192.0.2.1:3128")
    #expect(words?.contains("in the clear") == true && words?.contains("https_proxy") == true)
    #expect(words?.contains("192.0.2.1") == true && words?.contains("PW") == false)
    #expect(warning("user:PW@proxy.example:3128") != nil)
    for proxy in [
      "http://192.0.2.1:3128", "http://user:PW@127.0.0.1:3128", "http://user:PW@localhost", "socks5://user:PW@p",
    ] {
      #expect(warning(proxy) == nil)
    }
    #expect(warning("http://user:PW@192.0.2.1", "*") == nil)
    #expect(warning("http://user:PW@192.0.2.1", before: "http://orders.example/") == nil)
    #expect(warning("http://user:PW@192.0.2.1", before: "https://localhost/") == nil)
  }

  @Test(arguments: ["http://orders.example/", "https://localhost/", "https://127.0.0.1:8443/", "https://[::1]/"])
  func `what is plain or on this machine never goes through a proxy`(address: String) throws {
    #expect(try proxy(["ALL_PROXY": "http://p", "https_proxy": "nonsense://"], before: address) == nil)
  }
}

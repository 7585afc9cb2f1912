// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HTTPDelivery
import Settings

/// How events are sent to queues of SQS and topics of SNS.
struct AWSOptions: ParsableArguments {
  @Flag(help: "Allow an http:// address of SQS or SNS at another host.")
  var allowPlainAws = false

  var settings: AWSSettings {
    var settings = AWSSettings()
    settings.allowPlain = allowPlainAws
    for name in AWSSettings.variables {
      if let value = Environment[name] { settings.environment[name] = value }
    }
    settings.proxy = ProxySettings { Environment[$0] }
    return settings
  }
}

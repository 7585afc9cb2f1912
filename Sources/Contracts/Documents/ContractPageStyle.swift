// SPDX-License-Identifier: Apache-2.0

extension ContractDocuments {
  /// How the page looks: light or dark as its reader's other pages, and as wide as there is room.
  static let style: StaticString = """
    :root { --ink: #1b1f24; --faint: #59636e; --paper: #fff; --raised: #f6f8fa; --line: #d1d9e0; --link: #0758b8;
      --good: #116329; --bad: #b3121d; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --faint: #9aa5b1; --paper: #0d1117; --raised: #161b22; --line: #30363d; --link: #6cb0ff;
        --good: #56d364; --bad: #ff8a80; } }
    * { box-sizing: border-box; }
    body { margin: 0; padding: 1.5rem; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
      font: 1rem/1.5 system-ui, sans-serif; display: grid; gap: 0 2rem; grid-template-columns: minmax(10rem, 16rem) minmax(0, 1fr); }
    header { grid-column: 1 / -1; border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; }
    h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 0; font-size: 1.3rem; } h3 { margin: 1.25rem 0 .4rem; font-size: 1rem; }
    header p, .mode { color: var(--faint); margin: .25rem 0 1rem; }
    a { color: var(--link); }
    nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow: auto; }
    nav ul { list-style: none; margin: 0; padding: 0; } nav li { padding: .15rem 0; }
    section { margin-bottom: 3rem; }
    details { border: 1px solid var(--line); border-radius: .5rem; margin: .75rem 0; padding: 0 1rem; }
    details[open] { padding-bottom: 1rem; }
    summary { cursor: pointer; padding: .6rem 0; font-weight: 600; }
    summary span, h3 span { color: var(--faint); font-weight: 400; margin-left: .4rem; }
    code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
    pre { background: var(--raised); border-radius: .4rem; padding: .75rem 1rem; overflow: auto; max-height: 30rem; margin: .5rem 0;
      overflow-wrap: normal; }
    table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
    th { text-align: left; color: var(--faint); font-weight: 600; }
    th, td { border-bottom: 1px solid var(--line); padding: .4rem .75rem .4rem 0; vertical-align: top; }
    table { table-layout: fixed; }
    th:nth-child(1) { width: 26%; } th:nth-child(2) { width: 24%; } th:nth-child(3) { width: 6rem; } th:nth-child(4) { width: 14%; }
    .doc { white-space: pre-line; } .rules, .none { color: var(--faint); font-size: .875rem; }
    .good { color: var(--good); } .bad { color: var(--bad); }
    .changes, .findings { margin: .25rem 0; padding-left: 1.25rem; }
    .added b { color: var(--good); } .removed b { color: var(--bad); }
    @media (max-width: 48rem) {
      body { display: block; padding: 1rem; }
      nav { position: static; max-height: 12rem; margin-bottom: 1.5rem; }
      details { padding-left: .75rem; padding-right: .75rem; }
      thead { display: none; }
      table, tbody, tr, td { display: block; }
      tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
      td { border: 0; padding: .1rem 0; }
      td.empty { display: none; }
      .doc:empty + .rules, td[data-name="Meaning"] .rules:only-child { display: inline; }
      td[data-name]::before { content: attr(data-name) ": "; color: var(--faint); font-size: .8125rem; }
    }

    """
}

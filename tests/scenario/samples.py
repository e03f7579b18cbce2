"""Three scenarios as their readers know them, one for each role: they run as they stand."""

from __future__ import annotations

SAMPLES = """\
scenario: the answer to the start is lost
role: charge_point
station: {persona: generic_ac, tx_start: authorized}
needs: {csms: {token: $tokens.valid}}
given: [use: booted, use: plugged_in]
steps:
  - inject: {hang_up: {before_answer_to: tx.started, times: 1}}
  - present: $tokens.valid
  - {expect: {tx.started: {token: $tokens.valid}}, as: first}
  - {expect: {tx.started: {time: $first.time, meter: $first.meter}}, as: retry, within: 90s}
  - {answered: retry, with: {token_status: Accepted}}
  - {sut: {count_transactions: {station: $me}}, equals: 1}
  - unplug
  - expect: {tx.ended: {tx: $retry.tx, reason: EVDisconnected}}
---
scenario: remote start, plug already in
role: csms
needs: {station: [remote_start], operator: [plug_in, unplug]}
cases: {evse: [1, 2], authorize: [true, false]}
given:
  - use: accepted
  - command: {set_config: {authorize_remote_start: $authorize}}
  - operator: {plug_in: {evse: $evse}}
  - expect: {plug: {evse: $evse, state: occupied}}
steps:
  - {command: {remote_start: {evse: $evse, token: $tokens.valid}}, answered: {status: Accepted}, as: go}
  - {expect: {tx.authorized: {evse: $evse, token: $tokens.valid}}, since: go, within: 30s}
  - {only: 2.x, expect: {TransactionEvent: {transactionInfo: {remoteStartId: $go.remoteStartId}}}, since: go}
finally: [command: remote_stop, operator: {unplug: {evse: $evse}}, restore: config]
---
scenario: a night offline is billed once, in order
role: pair
stations: {A: {persona: generic_ac}, B: {persona: dc_two}}
given: [each: {use: charging}]
steps:
  - network: down
  - wait: 8h
  - A: unplug
  - never: [call: BootNotification, finding: any]
    while:
      - network: up
      - {A: {expect: {tx.ended: {offline: true, reason: EVDisconnected}}}, count: 1, within: 10min}
  - check: {csms.billed(A): $A.meter.delivered, csms.open(A): 0, csms.open(B): 1}
"""

/**
 * When leaders are made and unmade; the figures of Kubernetes' own components. Each replica goes by its own monotonic
 * clock, so clocks need not agree; one may be up to `leaseDurationMs / renewDeadlineMs` times as fast as another.
 *
 * - `leaseDurationMs`: who has seen no renewal for so long takes the lead.
 * - `renewDeadlineMs`: a leader leads for so long from when it sent the last renewal that the server confirmed.
 * - `retryPeriodMs`: the longest pause between two tries, of leaders and of others; each is shortened at random by up to
 *   `jitter` of it, so that replicas do not come at once.
 * - `requestTimeoutMs`: what one request may take, so that two of them fit into the deadline.
 * - `releaseTries`: how often a leader that ends tries to give the lead up.
 */
export const ELECTION = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  jitter: 0.5,
  requestTimeoutMs: 3_000,
  releaseTries: 3,
} as const;

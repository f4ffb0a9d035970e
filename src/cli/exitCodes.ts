/** What each exit code means. */
export const exitCodes = {
  done: 0,
  stageFailed: 1,
  badUse: 2,
  expectationMissed: 3,
  stale: 4,
  missing: 5,
  altered: 6,
  interrupted: 130
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

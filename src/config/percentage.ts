/** The share that a percentage stands for, from 0 to 1; `undefined` for what is none. */
export function percentageOf(value: string): number | undefined {
  const match = /^([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%$/.exec(value)
  return match !== null && Number(match[1]) <= 100 ? Number(match[1]) / 100 : undefined
}

/** The percentage of a share that was one, with at most six decimals. */
export function formatPercentage(share: number): string {
  return `${Number((share * 100).toFixed(6))} %`
}

/** The first names for a sentence, and how many there are beside them: `a, b and 3 more`. */
export function listNames(names: readonly string[], mostTold: number): string {
  const told = names.slice(0, mostTold).join(", ");
  return names.length > mostTold ? `${told} and ${names.length - mostTold} more` : told;
}

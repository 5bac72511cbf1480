/** Which registry a term is searched at. */
export function searchedServer(term: string): string {
  const [first = '', ...rest] = term.split('/');
  return rest.length > 0 && (first === 'localhost' || /[.:]/.test(first)) ? first : 'docker.io';
}

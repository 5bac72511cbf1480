/** A URL for people: no user info, no query, which may carry tokens and signatures. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** `Get "https://host/path"`, as Go names the request that failed. */
export function shownRequest(method: string, url: URL): string {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  return `${verb} "${shownUrl(url)}"`;
}

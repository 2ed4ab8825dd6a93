/** How an object is named where a text is needed: as a key of a map or a queue, and for people. */

/** `namespace/name`, or the name of an object of the whole cluster. */
export function objectKey({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Of an object of a namespace: the parts of its {@link objectKey}. What is missing is empty, and names nothing. */
export function partsOfKey(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

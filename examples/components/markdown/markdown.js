import { marked } from 'marked';

export const markdown = {
  render: (source) => marked.parse(source),
  renderWith: (source, { breaks, gfm }) => marked.parse(source, { breaks, gfm }),
};

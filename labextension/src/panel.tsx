import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { Lab, LabProvider, useLab, useStore } from './context';
import { catalogIcon } from './icon';
import { Details } from './views/details';
import { List } from './views/list';
import { Outbox } from './views/outbox';
import { Search } from './views/search';

/** The catalog in the side panel. It is there at once and fetches when it is shown for the first time. */
export class CatalogPanel extends ReactWidget {
  constructor(private readonly lab: Lab) {
    super();
    this.addClass('jp-Shinecat');
    this.title.icon = catalogIcon;
    this.title.caption = lab.trans.__('Catalog');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', lab.trans.__('Catalog'));
  }

  protected override render(): React.ReactElement {
    return (
      <LabProvider value={this.lab}>
        <Panel />
      </LabProvider>
    );
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.lab.model.start();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this.lab.model.start();
    }
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('input[type="search"], [data-back]')?.focus();
  }
}

function Panel(): React.ReactElement {
  const { model } = useLab();
  const { trail } = useStore(model);
  const details = trail.at(-1);
  return (
    <>
      {details ? (
        <Details key={details.pid} details={details} />
      ) : (
        <>
          <Search />
          <List />
        </>
      )}
      <Outbox />
    </>
  );
}

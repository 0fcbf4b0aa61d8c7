// Package transfer moves files and directories to and from buckets in the
// background, and lets the caller watch, pause, resume and cancel them.
//
// A [Manager] is a queue with bounds. What it is given to do comes back as a
// [Transfer], which is a future:
//
//	m, err := transfer.NewManager(client, nil)
//	…
//	defer m.Close()
//	t := m.Upload(ctx, "big.iso", client.Bucket("images").Object("big.iso"))
//	err = t.Wait(ctx)
//
// [Manager.UploadDir] and [Manager.DownloadDir] move trees, [Manager.Copy]
// copies inside the service, and [Manager.Start] takes any [Work], with all its
// options; a [Sync] makes one tree like another.
//
// # Stopping and going on
//
// [Transfer.Pause] stops the traffic and keeps what has arrived;
// [Transfer.Resume] goes on from there. With [Options].StateDir this works
// across processes too: a program that was killed goes on where it was when it
// starts the same work again. A source that has changed meanwhile is sent from
// its beginning, and the [Item] says so. [Jobs] lists what can be continued.
//
// # Watching
//
// An [Observer] is told what happens; [Transfer.Progress] and
// [Transfer.Active] say how far it is, and [Transfer.Report] says afterwards
// what was moved and what the limit was.
package transfer

// Package aspera moves files and trees to and from buckets of IBM Cloud Object
// Storage at high speed over long or lossy paths.
//
// [NewManager] returns a [transfer.Manager] that does what one of package transfer
// does, with the same futures, observers, pausing and checkpoints:
//
//	m, err := aspera.NewManager(client, aspera.Config{MultiSession: 5})
//	…
//	defer m.Close()
//	t := m.Upload(ctx, "big.iso", client.Bucket("images").Object("big.iso"))
//	err = t.Wait(ctx)
//
// How the bytes travel is decided for each bucket, when it is first used. The
// first of these that can be had counts, unless [Config].Engine says otherwise:
//
//   - [Rapid], packets of our own over UDP, when there is a [Config].Relay or when
//     the transfer service of the bucket offers it
//   - [Ascp], IBM's program of that name, when it is installed and the bucket is
//     enabled for Aspera
//   - [HTTPS], requests side by side; [Config].Notice is told so
//
// A Manager has one configuration; a program that needs another for some of its
// transfers makes another Manager.
//
// A [Service] asks for what these begin with: where the transfer service of a
// bucket is, and what it calls a transfer spec.
package aspera

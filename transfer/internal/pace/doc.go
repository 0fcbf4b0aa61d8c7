// Package pace decides how fast transfers go, and says why not faster.
//
// A [Gate] bounds how many requests are under way and shares them fairly, a [Limiter] bounds bytes a
// second, a [Pool] bounds memory. A [Meter] learns where time and bytes go, also from the requests
// themselves ([Meter.Trace]) and from the system's view of their connections ([Sample]). The [Tuner]
// moves the limit of the Gate so that the Meter sees the most useful work done, and [Explain] turns all
// that was seen into a sentence for people.
//
// Nothing here does I/O, except for asking the system about connections and processor time, so that it
// is tested with simulated links and servers.
package pace

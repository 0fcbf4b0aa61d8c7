package emulate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace, held by a thread that never leaves it.
type namespace struct {
	calls  chan func() // run on the thread
	done   chan struct{}
	thread int // its id
	fd     int // of the TUN device; -1 before there is one
}

func newNamespace() (*namespace, error) {
	ns := &namespace{calls: make(chan func()), done: make(chan struct{}), fd: -1}
	entered := make(chan error)
	go func() {
		defer close(ns.done)
		// Never unlocked: the thread ends with the goroutine instead of going
		// back to the others, and the namespace with it.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		ns.thread = unix.Gettid()
		entered <- err
		if err != nil {
			return
		}
		for f := range ns.calls {
			f()
		}
	}()
	if err := <-entered; err != nil {
		return nil, err
	}
	return ns, nil
}

func (ns *namespace) do(f func() error) error {
	err := make(chan error, 1)
	ns.calls <- func() { err <- f() }
	return <-err
}

// launch starts a program; a child is in the namespace of the thread that forks.
func (ns *namespace) launch(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return ns.do(cmd.Start)
}

// sysctl writes to /proc/sys/net, which shows the namespace of who opens it.
func (ns *namespace) sysctl(name, value string) error {
	return ns.do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value), 0o644)
	})
}

func (ns *namespace) close() error {
	var err error
	if ns.fd >= 0 {
		err = unix.Close(ns.fd)
	}
	close(ns.calls)
	<-ns.done
	return err
}

// run runs a program of the system to its end.
func (ns *namespace) run(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := ns.launch(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// device is the name of the TUN device in both namespaces.
const device = "wan0"

// queueLength is how many packets the device may hold for the forwarder. It does
// not push back: what does not fit is lost, and spoils the measurement.
const queueLength = 30000

// tun makes the device of the namespace, gives it its address, and returns a
// descriptor that packets are read from and written to.
func (ns *namespace) tun(side Side) (int, error) {
	err := ns.do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open /dev/net/tun: %w", err)
		}
		ns.fd = fd
		req, err := unix.NewIfreq(device)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			return fmt.Errorf("TUNSETIFF: %w", err)
		}
		const offloads = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_USO4 | unix.TUN_F_USO6
		if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, offloads); err != nil {
			return fmt.Errorf("TUNSETOFFLOAD (the kernel needs USO, 6.2 or later): %w", err)
		}
		return configure(side)
	})
	if err != nil {
		return -1, err
	}
	return ns.fd, ns.sysctl("ipv6/conf/all/disable_ipv6", "1")
}

// configure brings up the devices of the calling thread's namespace.
func configure(side Side) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	var addr [4]byte
	if _, err := fmt.Sscanf(side.Address(), "%d.%d.%d.%d", &addr[0], &addr[1], &addr[2], &addr[3]); err != nil {
		return err
	}
	for _, step := range []struct {
		device string
		req    uint
		name   string
		set    func(*unix.Ifreq) error
	}{
		{"lo", unix.SIOCSIFFLAGS, "SIOCSIFFLAGS", up},
		{device, unix.SIOCSIFADDR, "SIOCSIFADDR", func(r *unix.Ifreq) error { return r.SetInet4Addr(addr[:]) }},
		{device, unix.SIOCSIFNETMASK, "SIOCSIFNETMASK", func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 255, 0}) }},
		{device, unix.SIOCSIFTXQLEN, "SIOCSIFTXQLEN", func(r *unix.Ifreq) error { r.SetUint32(queueLength); return nil }},
		{device, unix.SIOCSIFFLAGS, "SIOCSIFFLAGS", up},
	} {
		r, err := unix.NewIfreq(step.device)
		if err != nil {
			return err
		}
		if err := step.set(r); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(s, step.req, r); err != nil {
			return fmt.Errorf("%s of %s: %w", step.name, step.device, err)
		}
	}
	return nil
}

func up(r *unix.Ifreq) error {
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return nil
}

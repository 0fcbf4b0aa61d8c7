package rapid_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/icos-go/icos/rapid"
)

// HTTP over rapid: the listener stands for a server, or a relay in front of
// one. In life the grant comes over HTTPS, as relay.Client asks for it.
func Example() {
	l, err := rapid.Listen("udp", "127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s", r.Host)
	})}
	go server.Serve(l)
	defer server.Close()

	d := &rapid.Dialer{
		Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			return l.Grant(rapid.GrantOptions{Rate: 1e9})
		}),
		// Where UDP is blocked, connect directly and say so.
		Fallback: (&net.Dialer{}).DialContext,
		Notice:   func(reason error) { log.Println("without rapid:", reason) },
	}
	defer d.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
	resp, err := client.Get("http://s3.example.com/")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(body))
	// Output: hello from s3.example.com
}

// The relay's end of a stream: connect it to where it wants to go.
func ExampleListener() {
	l, err := rapid.Listen("udp", "127.0.0.1:0", &rapid.ListenOptions{Rate: 5e9})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func(c *rapid.Conn) {
				defer c.Close()
				fmt.Fprintf(c, "you want %s", c.Destination())
			}(c.(*rapid.Conn))
		}
	}()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := l.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()

	d := &rapid.Dialer{Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
		return l.Grant(rapid.GrantOptions{Life: time.Minute})
	})}
	defer d.Close()
	c, err := d.DialContext(context.Background(), "tcp", "s3.example.com:443")
	if err != nil {
		log.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(got))
	// Output: you want s3.example.com:443
}

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/IBM/ibm-cos-sdk-go/aws"
	"github.com/IBM/ibm-cos-sdk-go/aws/awserr"
	"github.com/IBM/ibm-cos-sdk-go/aws/credentials"
	"github.com/IBM/ibm-cos-sdk-go/aws/credentials/ibmiam"
	"github.com/IBM/ibm-cos-sdk-go/aws/request"
	"github.com/IBM/ibm-cos-sdk-go/aws/session"
	"github.com/IBM/ibm-cos-sdk-go/service/s3"
	"github.com/IBM/ibm-cos-sdk-go/service/s3/s3iface"
)

// goSDK makes calls with IBM's SDK for Go, version 1. It finds operations by reflection, as the others find them in a model.
type goSDK struct {
	t      *testing.T
	client *s3.S3
	signer *s3.S3
	http   *http.Client
}

func openGo(t *testing.T, c *cos) sdk {
	t.Setenv("AWS_CA_BUNDLE", c.caFile) // which wins over what the HTTP client trusts
	open := func(creds *credentials.Credentials) *s3.S3 {
		sess, err := session.NewSession(aws.NewConfig().WithEndpoint(c.url).WithRegion("us-south").WithCredentials(creds).
			WithS3ForcePathStyle(true).WithMaxRetries(0).WithHTTPClient(c.client(t)))
		if err != nil {
			t.Fatal(err)
		}
		return s3.New(sess)
	}
	iam := aws.NewConfig().WithHTTPClient(c.client(t))
	return &goSDK{
		t:      t,
		client: open(ibmiam.NewStaticCredentials(iam, c.url+"/identity/token", c.credential.APIKey, c.credential.InstanceID)),
		signer: open(credentials.NewStaticCredentials(c.credential.HMAC.AccessKeyID, c.credential.HMAC.SecretKey, "")),
		http:   c.client(t),
	}
}

func (g *goSDK) call(op string, params in, page int) answer {
	kind, name, found := strings.Cut(op, " ")
	switch {
	case op == "model":
		return g.model()
	case !found:
		return g.operation(op, params)
	case kind == "paginate":
		return g.paginate(name, params, page)
	case kind == "wait":
		return g.wait(name, params)
	default:
		return g.presign(name, params)
	}
}

// model tells what the SDK has by the methods of its interface: for each operation there is the method X, which takes and
// returns a struct, XWithContext and XRequest.
func (g *goSDK) model() answer {
	all := reflect.TypeFor[s3iface.S3API]()
	var operations, paginators, waiters []any
	for i := range all.NumMethod() {
		name := all.Method(i).Name
		if short, ok := strings.CutSuffix(name, "Pages"); ok {
			paginators = append(paginators, short)
		} else if short, ok := strings.CutPrefix(name, "WaitUntil"); ok && !strings.HasSuffix(name, "WithContext") {
			waiters = append(waiters, short)
		} else if _, ok := all.MethodByName(name + "Request"); ok {
			operations = append(operations, name)
		}
	}
	return answer{Status: 200, Out: out{
		"operations": operations, "paginators": paginators, "waiters": waiters, "presigns": []any{"GetObject", "PutObject"},
	}}
}

// input makes the parameter of a method from its JSON, in which the members have the names of the model.
func input(typ reflect.Type, params in) (reflect.Value, error) {
	v := reflect.New(typ.Elem())
	plain := in{}
	for name, p := range params {
		if name != "Body" {
			plain[name] = p
			continue
		}
		v.Elem().FieldByName(name).Set(reflect.ValueOf(io.ReadSeeker(strings.NewReader(p.(string)))))
	}
	b, err := json.Marshal(plain)
	if err != nil {
		return v, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return v, d.Decode(v.Interface())
}

// newRequest calls XRequest.
func newRequest(client *s3.S3, op string, params in) (*request.Request, any, error) {
	method := reflect.ValueOf(client).MethodByName(op + "Request")
	param, err := input(method.Type().In(0), params)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", op, err)
	}
	results := method.Call([]reflect.Value{param})
	return results[0].Interface().(*request.Request), results[1].Interface(), nil
}

func (g *goSDK) operation(op string, params in) answer {
	r, result, err := newRequest(g.client, op, params)
	if err != nil {
		return answer{Error: "parameters", Message: err.Error()}
	}
	err = r.Send()
	return g.answer(r, result, err)
}

func (g *goSDK) answer(r *request.Request, result any, err error) answer {
	var a answer
	if r != nil && r.HTTPResponse != nil {
		a.Status = r.HTTPResponse.StatusCode
	}
	if err != nil {
		a.Error, a.Message = "sdk", err.Error()
		if e, ok := errors.AsType[awserr.Error](err); ok {
			a.Error = e.Code()
		}
		if e, ok := errors.AsType[awserr.RequestFailure](err); ok {
			a.Status = e.StatusCode()
		}
		return a
	}
	if a.Out, err = plainResult(result); err != nil {
		g.t.Fatal(err)
	}
	return a
}

// plainResult turns the struct of a result into members with the names of the model.
func plainResult(result any) (out, error) {
	var body any
	v := reflect.ValueOf(result).Elem()
	if field := v.FieldByName("Body"); field.IsValid() {
		if r, ok := field.Interface().(io.ReadCloser); ok {
			defer r.Close()
			b, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			body = string(b)
			field.SetZero()
		}
	}
	b, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	var o out
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, err
	}
	if body != nil {
		o["Body"] = body
	}
	return o, nil
}

func (g *goSDK) paginate(op string, params in, page int) answer {
	limit := map[string]string{"ListMultipartUploads": "MaxUploads", "ListParts": "MaxParts"}[op]
	if limit == "" {
		limit = "MaxKeys"
	}
	sized := in{limit: page}
	for name, p := range params {
		sized[name] = p
	}
	method := reflect.ValueOf(g.client).MethodByName(op + "Pages")
	param, err := input(method.Type().In(0), sized)
	if err != nil {
		return answer{Error: "parameters", Message: err.Error()}
	}
	all := out{}
	each := reflect.MakeFunc(method.Type().In(1), func(args []reflect.Value) []reflect.Value {
		o, pageErr := plainResult(args[0].Interface())
		err = errors.Join(err, pageErr)
		for name, v := range o {
			switch more := v.(type) {
			case nil: // and those of earlier pages remain
			case []any:
				before, _ := all[name].([]any)
				all[name] = append(before, more...)
			default:
				all[name] = v
			}
		}
		return []reflect.Value{reflect.ValueOf(true)}
	})
	result := method.Call([]reflect.Value{param, each})[0]
	if e, ok := result.Interface().(error); ok {
		err = errors.Join(err, e)
	}
	if err != nil {
		return g.answer(nil, nil, err)
	}
	return answer{Status: 200, Out: all}
}

func (g *goSDK) wait(name string, params in) answer {
	method := reflect.ValueOf(g.client).MethodByName("WaitUntil" + name + "WithContext")
	param, err := input(method.Type().In(1), params)
	if err != nil {
		return answer{Error: "parameters", Message: err.Error()}
	}
	results := method.Call([]reflect.Value{
		reflect.ValueOf(g.t.Context()), param,
		reflect.ValueOf(request.WithWaiterDelay(request.ConstantWaiterDelay(100 * time.Millisecond))),
		reflect.ValueOf(request.WithWaiterMaxAttempts(20)),
	})
	if err, ok := results[0].Interface().(error); ok {
		return g.answer(nil, nil, err)
	}
	return answer{Status: 200}
}

// presign makes a link with the HMAC keys and follows it without the SDK.
func (g *goSDK) presign(op string, params in) answer {
	var body io.Reader
	if b, ok := params["Body"].(string); ok {
		body = strings.NewReader(b)
	}
	delete(params, "Body")
	r, _, err := newRequest(g.signer, op, params)
	if err != nil {
		return answer{Error: "parameters", Message: err.Error()}
	}
	link, err := r.Presign(time.Minute)
	if err != nil {
		return g.answer(r, nil, err)
	}
	sent, err := http.NewRequestWithContext(g.t.Context(), r.HTTPRequest.Method, link, body)
	if err != nil {
		return g.answer(nil, nil, err)
	}
	resp, err := g.http.Do(sent)
	if err != nil {
		return g.answer(nil, nil, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return g.answer(nil, nil, err)
	}
	o := out{"Body": string(b)}
	for name := range resp.Header {
		o[name] = resp.Header.Get(name)
	}
	return answer{Status: resp.StatusCode, Out: o}
}

using System.CommandLine;
using FleetOps.InferenceWorker.Security;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>serve</c> that say who may talk to the gRPC port, and how. The files may change while it runs.</summary>
internal sealed class SecuritySettings
{
    private readonly Option<string?> _certificate = Setting.Text("--tls-cert", "FILE", "PEM certificate of the gRPC port, and those between it and its root [default: plain text]");
    private readonly Option<string?> _key = Setting.Text("--tls-key", "FILE", "PEM private key of --tls-cert");
    private readonly Option<string?> _clientAuthority = Setting.Text("--tls-client-ca", "FILE", "PEM roots that clients' certificates must come from [default: clients need none]");
    private readonly Option<string?> _tokens = Setting.Text("--token-file", "FILE", "Bearer tokens that calls must bring one of, one a line; health stays open [default: calls need none]");

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _certificate, _key, _clientAuthority, _tokens })
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (!Setting.RefuseHalf(result, _certificate, _key) && result.GetValue(_clientAuthority) is not null && result.GetValue(_certificate) is null)
            {
                result.AddError($"{_clientAuthority.Name} is given without {_certificate.Name}; clients show certificates over TLS only.");
            }
        });
    }

    public SecurityOptions Read(ParseResult result) => new()
    {
        Certificate = result.GetValue(_certificate),
        Key = result.GetValue(_key),
        ClientAuthority = result.GetValue(_clientAuthority),
        Tokens = result.GetValue(_tokens),
    };
}

using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore;

/// <summary>What a request demands of a file besides being the right one: that someone names its digest, and that its licence was accepted.</summary>
internal sealed class FetchPolicy(FetchRequest request, Uri hub)
{
    // What model cards and files say where they mean that they do not say it.
    private static readonly HashSet<string> Unnamed = new(StringComparer.OrdinalIgnoreCase) { "", "other", "unknown" };

    /// <summary>Refuses a source that never publishes a digest, before it is asked.</summary>
    public void CheckSource()
    {
        if (request is { RequireDigest: true, Sha256: null, Source: HttpModelSource or ClaimModelSource or FileModelSource })
        {
            throw NoDigest();
        }
    }

    /// <summary>Refuses what a source says that it has, before it is downloaded.</summary>
    public async Task<RemoteModel> CheckAsync(Task<RemoteModel> resolving)
    {
        RemoteModel remote = await resolving.ConfigureAwait(false);
        if (request is { RequireDigest: true, Sha256: null } && remote.Sha256 is null)
        {
            throw NoDigest();
        }

        CheckLicense(remote.License);
        return remote;
    }

    /// <summary>Refuses a verified file: its header may name a licence that the source did not, and a stored one may be older than the demand.</summary>
    public VerifiedModel Check(VerifiedModel model)
    {
        try
        {
            if (request.RequireDigest && model.DigestOrigin is not (DigestOrigin.Request or DigestOrigin.Source))
            {
                throw NoDigest();
            }

            CheckLicense(new SourceLicense(model.License, model.LicenseLink, model.IsGated));
            return model;
        }
        catch (ModelSourceException)
        {
            model.Use?.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a header whose licence was not accepted.</summary>
    public void CheckHeader(GgufHeader header) => CheckLicense(SourceLicense.Unknown.Or(header));

    private void CheckLicense(SourceLicense license)
    {
        string? name = license.Name?.Trim();
        bool isNamed = name is not null && !Unnamed.Contains(name);
        if (request.AcceptedLicense is null && license.IsGated)
        {
            throw new ModelSourceException(
                ModelSourceReason.LicenseNotAccepted,
                $"{request.Source} is gated: its source gives it only to those who accept its licence, {(isNamed ? name : "whose name it does not tell")}{Link(license)}, and none was accepted. Read the licence, and accept it by its name if you agree (spec.model.license, --accepted-license).");
        }

        if (request.AcceptedLicense is { } accepted && isNamed && !string.Equals(name, accepted, StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelSourceException(
                ModelSourceReason.LicenseNotAccepted, $"{request.Source} is under the licence {name}{Link(license)}, and the one that was accepted is {accepted}. Read that licence, and accept it by its name if you agree.");
        }
    }

    private string Link(SourceLicense license) => license.Link is { } link ? $" ({link})"
        : request.Source is HubModelSource source ? $" ({hub.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{source.Owner}/{source.Repository})"
        : "";

    private ModelSourceException NoDigest() => new(
        ModelSourceReason.PolicyViolation, $"A digest is demanded of all weights, and {request.Source} publishes none. Give the sha256 of the file, or take it from a source that publishes one.");
}

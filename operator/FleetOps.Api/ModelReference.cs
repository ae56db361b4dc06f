using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>Which weights to serve, and how to tell that they are the right ones.</summary>
[CelRule("!self.source.startsWith('http://') || has(self.sha256)", SpecMessages.PlainHttpNeedsDigest)]
[CelRule("!has(self.revision) || self.source.matches('^(hf|s3)://')", SpecMessages.RevisionNeedsHub)]
[CelRule("!has(self.revision) || !self.source.startsWith('hf://') || !self.source.contains('@') || self.source.endsWith('@' + self.revision)", SpecMessages.TwoRevisions)]
[CelRule("!has(self.credentialsSecretRef) || !self.source.startsWith('pvc://')", SpecMessages.ClaimTakesNoCredentials)]
[CelRule("!has(self.adapters) || self.source.startsWith('pvc://')", SpecMessages.AdaptersNeedClaim)]
[SchemaRule("""{"anyOf":[{"required":["sha256"]},{"properties":{"source":{"pattern":"^(hf|https|s3|oci|pvc)://"}}}]}""")]
[SchemaRule("""{"anyOf":[{"not":{"required":["revision"]}},{"properties":{"source":{"pattern":"^(hf|s3)://"}}}]}""")]
[SchemaRule("""{"anyOf":[{"not":{"required":["credentialsSecretRef"]}},{"properties":{"source":{"pattern":"^(hf|https?|s3|oci)://"}}}]}""")]
[SchemaRule("""{"anyOf":[{"not":{"required":["adapters"]}},{"properties":{"source":{"pattern":"^pvc://"}}}]}""")]
public sealed record ModelReference
{
    /// <summary>
    /// Where the GGUF file comes from: hf://OWNER/REPOSITORY/FILE[@REVISION] on the Hugging Face hub, https://HOST/PATH, http://HOST/PATH
    /// (only together with sha256), s3://BUCKET/KEY (endpoint and region by AWS_ENDPOINT_URL_S3 and AWS_REGION in spec.pod.env),
    /// oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST] in a registry, or pvc://CLAIM/PATH in a PersistentVolumeClaim of the same namespace.
    /// A model that llama.cpp has split is named by its first file, NAME-00001-of-0000N.gguf; all N files (512 at most) are fetched.
    /// </summary>
    [StringLength(1024, MinimumLength = 1)]
    [RegularExpression(Patterns.Source)]
    [CelRule("self.matches('^(hf|https?|s3|oci|pvc)://')", SpecMessages.SourceScheme)]
    [CelRule("!self.startsWith('hf://') || self.matches(r'" + Patterns.HubSource + "')", SpecMessages.HubSource)]
    [CelRule("!self.matches('^https?://') || self.matches(r'" + Patterns.WebSource + "')", SpecMessages.WebSource)]
    [CelRule("!self.startsWith('s3://') || self.matches(r'" + Patterns.BucketSource + "')", SpecMessages.BucketSource)]
    [CelRule("!self.startsWith('oci://') || self.matches(r'" + Patterns.RegistrySource + "')", SpecMessages.RegistrySource)]
    [CelRule("!self.startsWith('pvc://') || self.matches(r'" + Patterns.ClaimSource + "')", SpecMessages.ClaimSource)]
    public required string Source { get; init; }

    /// <summary>Branch, tag or commit of an hf:// source, version of the object of an s3:// source; for these only. The main branch, or the newest version, when left out. What it stood for is shown in status.</summary>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression(Patterns.Revision)]
    public string? Revision { get; init; }

    /// <summary>SHA-256 of the file in lower-case hexadecimal; of a split model what "sha256sum NAME-*.gguf | cut -c1-64 | sha256sum" prints. Enforced for every kind of source; required for http://.</summary>
    [StringLength(64, MinimumLength = 64)]
    [RegularExpression(Patterns.Sha256)]
    [CelRule("self.matches('" + Patterns.Sha256 + "')", SpecMessages.Sha256)]
    public string? Sha256 { get; init; }

    /// <summary>
    /// Secret with the credentials for the source, in the same namespace. Keys for hf://: token. Keys for https://: token, or
    /// username and password. Keys for s3://: accessKeyId, secretAccessKey and perhaps sessionToken; a role of spec.pod.serviceAccountName needs none.
    /// Keys for oci://: username and password, token, or .dockerconfigjson. It is mounted into the workers; the operator never reads its values.
    /// </summary>
    public SecretReference? CredentialsSecretRef { get; init; }

    /// <summary>LoRA adapters that requests can choose by name: files in the claim of a pvc:// source, and for such a source only.</summary>
    [ListMap("name", MaxItems = 16)]
    public IReadOnlyList<AdapterReference>? Adapters { get; init; }

    /// <summary>The licence of the weights, and whether you agree to it.</summary>
    public LicenseSpec? License { get; init; }
}
